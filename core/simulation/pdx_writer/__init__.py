"""Writes the garage's vehicles: PDX files (ODX 2.2) and the TOML of their first state, from data tables. No simulation.

`python -m core.simulation.pdx_writer [FOLDER]` writes them all; without FOLDER the ones that come with the product.
odxtools is not used for writing (odx/xml.py says why); it is the independent reader in the tests.
"""
