"""What warnings, troubles and findings mean for whoever has to mend them.

Role in the flow: stage 11, the tables of `symptoms.py`. Context: host. Numbers: docs/record.md.
"""

from tocsin import event

# Something is not guarded; something will be; something to know.
NOW, SOON, NOTE = "now", "soon", "note"

WARNINGS = {
    1: ("the resistors of the loop drift", "water in a junction box or a bad joint: open the boxes on its way"),
    2: (
        "the reading does not change",
        "compare it with another thermometer; the sensor may hang or sit in a closed box",
    ),
    3: (
        "no activity where there should be some",
        "the detector is masked, turned away or dead: uncover it and walk past",
    ),
    4: ("constant alarm", "the detector is stuck or its relay welded: take its cover off and look at its lamp"),
    5: ("changes faster than the works can bear", "look at the ventilation, open doors, the humidifier"),
    6: ("damp for so long that mould may grow", "dry the room, look behind the shelves"),
    7: ("noise on the loop", "it lies beside a mains cable, or the shield is grounded at both ends: ground it at one"),
    8: ("implausible readings", "the sensor loses its supply and starts anew: check its plus wire and the plug"),
}

TROUBLES = {
    event.TROUBLE_TASK_DIED: (
        SOON,
        "a part of the firmware died and was started again",
        "keep /last-error.txt and tell us",
    ),
    event.TROUBLE_TASK_HOPELESS: (
        NOW,
        "the firmware cannot keep a part alive",
        "keep /last-error.txt, flash it again, tell us",
    ),
    event.TROUBLE_SAMPLES_LOST: (NOW, "samples were lost", "the board was too busy: fewer zones, or tell us"),
    event.TROUBLE_SAMPLER_STILL: (NOW, "the sampler stood still", "the board is broken or its clock is: change it"),
    event.TROUBLE_BAD_FRAMES: (
        SOON,
        "damaged frames on the link",
        "another USB cable, shorter, without a hub; or somebody tries",
    ),
    event.TROUBLE_JOURNAL_WRITE: (NOW, "the flash did not take records", "change the board before it loses any"),
    event.TROUBLE_JOURNAL_DAMAGED: (
        SOON,
        "journal slots were found damaged",
        "once after a power cut is nothing; else change the board",
    ),
    event.TROUBLE_KEY_DAMAGED: (
        NOW,
        "the key is gone: nothing can be proven",
        "give it a new name and flash it (docs/recovery.md)",
    ),
    event.TROUBLE_CONFIG_REFUSED: (
        NOW,
        "part of its configuration was refused",
        "it does not guard all zones: flash it again",
    ),
    event.TROUBLE_ROOT_FILES: (
        NOW,
        "files that do not belong there",
        "somebody wrote to the board: look at it, revoke it, flash it anew",
    ),
    event.TROUBLE_START_FAILED: (SOON, "starts failed", "keep /last-error.txt and tell us; check its supply"),
    event.TROUBLE_NETWORK: (SOON, "the network path fails", "look at the access point and the broker; USB goes on"),
    event.TROUBLE_CERTIFICATE: (
        NOW,
        "the broker is not the right one",
        "did its certificate change? Name it in the site, else look who answers there",
    ),
    event.TROUBLE_SECTOR_FAILED: (SOON, "a flash sector failed", "change the board at the next occasion"),
    event.TROUBLE_FLASH_WORN: (SOON, "the flash is nearly worn", "change the board"),
    event.TROUBLE_HEAP_LOW: (SOON, "its memory is nearly full", "fewer zones, or a second gateway; tell us"),
    event.TROUBLE_CLOCK_ERROR: (SOON, "its clock is uncertain", "no collector answers it: is one running at its port?"),
    event.TROUBLE_MEMORY: (
        SOON,
        "what it had kept over a restart was damaged",
        "look at its mode, inhibits and last tests",
    ),
    event.TROUBLE_ROSTER: (NOW, "its roster is damaged: it lets nobody in", "send it again: tocsin roster push"),
    event.TROUBLE_HOST_CLOCK: (NOW, "the host's clock is not believed", "set it, and let it be kept (chrony)"),
}

FINDINGS = {
    "silent": (SOON, "it fell silent", "its power or its cable; a hub that saves energy"),
    "gap": (SOON, "records never came", "the outage was longer than its journal, or flash is damaged"),
    "fork": (NOW, "two boxes hold its keys", "revoke it and look at both (docs/recovery.md)"),
    "forged": (NOW, "records that it did not make", "somebody is on its line"),
    "rollback": (NOW, "an older state was put back", "its flash was written to: look at the box, revoke it"),
}
