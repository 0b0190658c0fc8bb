"""The field rehearsal: everything that a technician does with a gateway, on an emulated board (docs/rehearsal.md)."""
