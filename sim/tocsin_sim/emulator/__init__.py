"""Tier T2: the official MicroPython image on an emulated RP2040, in emulated time."""
