"""The simulator: virtual and emulated boards, scenarios, and the demonstration."""
