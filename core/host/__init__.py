"""The vehicle host: a vehicle's face served to screens over a local socket, and the client that attaches to it.

    server.py    HostServer: serves any object with the vehicle's face; one seat (seats/) a client, one of them drives;
                 showing.py is what the next client is shown
    codec.py     values as bytes, with a closed table of our own classes; wire.py carries them, authenticated
    registry.py  which hosts run: one file each, in a folder that only its owner enters
    spawn.py     starts a host in a session of its own
    vehicle.py   HostedVehicle: the same face at the client's end (link.py: calls, traffic.py: the live panel)

Knows no workbench and no job: what a job is called and gives is the business of the face.
"""
