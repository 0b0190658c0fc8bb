"""Where a bench ran, as every bench writes it down.

Role in the flow: the reports of the benches. Context: CPython.
"""

import os
import platform


def machine() -> dict[str, object]:
    """JSON-ready. Times depend on it; ratios should not."""
    return {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
    }
