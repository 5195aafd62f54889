"""The one style sheet of the app, kept small: each rule is parsed before the first paint. Colours are in theme.py."""

CSS = """
Screen { background: $background; color: $foreground; layout: vertical; }
Screen.-narrow > *, Screen.-low > * { display: none; }
Header, KeyBar { height: 1; background: $bar; }
Lines { height: auto; background: $background; }
RowList { height: 1fr; background: $background; }
.box { border: solid $line; border-title-color: $foreground; border-title-style: bold; }
.box:focus { border: solid $accent; }
#boxes { height: 12; }
#alarms { height: auto; max-height: 6; }
#panes { height: 1fr; }
#checks { width: 1fr; }
#jobs { width: 33; }
.-wide #jobs { width: 40%; }
#panes { layout: vertical; }
.-wide #panes { layout: horizontal; }
.-wide #panes #units { width: 3fr; }
.-wide #panes #detail { width: 2fr; }
#page { height: 1fr; }
FlashScreen #wares, FlashScreen #flash-checks, FlashScreen #steps { display: none; }
FlashScreen.-wares #units, FlashScreen.-ready #units, FlashScreen.-work #units { display: none; }
FlashScreen.-wares #wares, FlashScreen.-ready #flash-checks, FlashScreen.-work #steps { display: block; }
FlashScreen.-ready.-plan #flash-checks { display: none; }
FlashScreen.-ready.-plan #steps { display: block; }
FlashScreen.-tall.-ready #flash-checks, FlashScreen.-tall.-ready #steps { display: block; }
FlashScreen.-tall #flash-checks { height: 20; }
CodingScreen #items { display: none; }
CodingScreen.-work #units { display: none; }
CodingScreen.-work #items { display: block; }
LiveScreen #items { height: 8; }
LiveScreen.-tall #items { height: 14; }
AssistScreen #steps { height: 8; }
#papers { height: 5; }
#papers #device { width: 32; height: 5; }
#papers #key { width: 1fr; height: 5; }
#beside { height: 1fr; }
#qr { width: auto; height: auto; }
#side { width: 1fr; height: 1fr; }
#choices { height: auto; }
CreditScreen #balances { height: 8; }
CreditScreen.-tall #balances { height: 12; }
Dialog { align: center middle; }
#dialog { width: 60; max-width: 60; height: auto; max-height: 16; padding: 0 1; background: $background; }
#words { height: auto; min-height: 3; max-height: 10; background: $background; scrollbar-size-vertical: 1; }
#dialog Static { width: 100%; height: auto; }
#dialog .note { color: $dim; }
#dialog Input { background: $bar; width: 100%; height: 1; margin-bottom: 1; }
#picks { height: auto; max-height: 11; }
#buttons { height: 1; margin-top: 1; }
#dialog.box { border: double $accent; }
ToastRack { dock: top; align: right top; margin-top: 1; }
Toast { background: $bar; }
CommandPalette { background: $background; }
SearchIcon { display: none; }
"""
