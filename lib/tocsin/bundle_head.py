"""How an update bundle begins: what a gateway needs to know of it (docs/update.md).

Role in the flow: before stage 1, for firmware that comes later. Shared: yes. Context: task and host.
"""

from .compat import const

MAGIC = b"TOCSINU1"
# Magic, version, lowest version that takes it, wire version, lib hash, bytes of the bundle, where the index begins, its
# bytes, number of files, bytes of the name of the board behind this.
HEAD = "<8sIIB8sIHHHB"
HEAD_BYTES = const(36)
HASH_BYTES = const(32)
FILES_MAX = const(200)
# LMS_SHA256_M32_H10 over LMOTS_SHA256_N32_W4: the chip verifies it in a tenth of a second.
PUBLIC_TYPES = b"\x00\x00\x00\x06\x00\x00\x00\x03"
SIGNATURE_BYTES = const(2508)
# What is signed: this and the SHA-256 of the manifest.
SIGNED_PREFIX = b"tocsin update 1"
# What came of one that is sent, beside how far it is (docs/update.md, "The transfer").
RECEIVING = const(0)
TAKEN = const(1)
REFUSED_SIZE = const(2)
REFUSED_NO_KEY = const(3)
REFUSED_VERSION = const(4)
REFUSED_SIGNATURE = const(5)
REFUSED_CONTENTS = const(6)
REFUSED_FLASH = const(7)
REFUSED_ON_TRIAL = const(8)
REFUSED_NOT_BEGUN = const(9)
