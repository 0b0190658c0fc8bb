"""LIS3DH at register level: settings, tilt, blows, a chip that lost its power, and one that is another."""

from tocsin_fw.accelerometer import Accelerometers, axes_mg, tilt_milli

EAGAIN, EIO, ENODEV = 11, 5, 19
ZONE = {"sensor": "lis3dh-18", "tilt_milli": 5000, "shake_milli": 200}


class Chip:
    """Registers of a LIS3DH; `error` fails every transfer."""

    def __init__(self):
        self.registers = {}
        self.error = None
        self.reset()
        self.axes = (0, 0, 1000)

    def reset(self):
        """As power-up leaves it."""
        self.registers = {0x0F: 0x33, 0x20: 0x07, 0x31: 0}

    def __call__(self, method, *arguments):
        return getattr(self, method)(*arguments)

    def writeto_mem(self, address, register, data):
        assert address == 0x18 and len(data) == 1
        if self.error:
            raise OSError(self.error)
        self.registers[register] = data[0]

    def readfrom_mem(self, address, register, count):
        assert address == 0x18
        if self.error:
            raise OSError(self.error)
        if register == 0xA8:
            runs = self.registers[0x20] >> 4
            return b"".join([((mg if runs else 0) << 4 & 0xFFFF).to_bytes(2, "little") for mg in self.axes])
        value = self.registers.get(register, 0)
        if register == 0x31:
            self.registers[0x31] = 0
        return bytes([value]) * count


class Bench:
    def __init__(self):
        self.chip = Chip()
        self.memory, self.kept = self, {}
        self.load = self.kept.get  # as `Memory`
        self.restart()

    def keep(self, name, data):
        self.kept[name] = data

    def restart(self):
        self.sensors = Accelerometers(self.chip, [ZONE], self)

    def read(self, what):
        try:
            return self.sensors.read("lis3dh-18/" + what)
        except OSError as error:
            return -error.errno


def test_the_first_reading_sets_the_chip_up_to_watch_for_blows():
    bench = Bench()
    assert bench.read("shake") == -EAGAIN
    expected = {0x20: 0x57, 0x21: 0x01, 0x23: 0x88, 0x24: 0x08, 0x30: 0x2A, 0x32: 200 // 16, 0x33: 0}
    assert {register: bench.chip.registers[register] for register in expected} == expected
    assert bench.read("shake") == 0 and bench.read("tilt") == 0


def test_axes_are_signed_and_in_mg():
    chip = Chip()
    chip.registers[0x20] = 0x57
    for axes in ((0, 0, 1000), (-2048, 2047, -1), (1, -1000, 0)):
        chip.axes = axes
        assert axes_mg(chip, 0x18) == axes


def test_tilt_is_the_angle_from_how_it_stood_at_first():
    assert tilt_milli((0, 0, 1000), (0, 0, 980)) == 0
    assert abs(tilt_milli((0, 0, 1000), (0, 1000, 0)) - 90_000) <= 10
    assert abs(tilt_milli((0, 0, 1000), (0, 0, -1000)) - 180_000) <= 10
    assert abs(tilt_milli((0, -1000, 0), (0, -996, 87)) - 4992) <= 10
    bench = Bench()
    bench.chip.axes = (0, -1000, 0)  # it hangs on a wall
    bench.read("tilt")
    assert bench.read("tilt") == 0
    bench.chip.axes = (174, -985, 0)
    assert abs(bench.read("tilt") - 10_018) <= 20


def test_how_it_stood_at_first_outlives_a_restart():
    bench = Bench()
    bench.read("tilt")
    assert bench.read("tilt") == 0 and bench.kept == {"lis3dh-18": b"[0, 0, 1000]"}
    bench.restart()
    bench.chip.reset()
    bench.chip.axes = (174, 0, 985)  # moved while the power was off
    bench.read("tilt")
    assert abs(bench.read("tilt") - 10_018) <= 20
    assert bench.kept == {"lis3dh-18": b"[0, 0, 1000]"}
    bench.kept.clear()
    bench.restart()
    bench.read("tilt")
    assert bench.read("tilt") == 0, "removed: how it stands now is its rest"


def test_a_blow_is_kept_until_it_is_read():
    bench = Bench()
    bench.read("shake")
    bench.chip.registers[0x31] = 0x42
    assert [bench.read("shake"), bench.read("shake")] == [200, 0]


def test_a_chip_that_lost_its_power_is_an_error_then_set_up_again_with_its_old_rest():
    for what in ("shake", "tilt"):
        bench = Bench()
        bench.read("tilt")
        bench.read("tilt")
        bench.chip.reset()
        assert [bench.read(what), bench.read(what)] == [-EIO, -EAGAIN]
        bench.chip.axes = (1000, 0, 0)
        assert abs(bench.read("tilt") - 90_000) <= 10


def test_a_missing_chip_is_an_error_each_time_and_another_chip_is_none_of_ours():
    bench = Bench()
    bench.chip.error = EIO
    assert [bench.read("tilt"), bench.read("shake")] == [-EIO, -EIO]
    bench.chip.error = None
    bench.chip.registers[0x0F] = 0x32
    assert bench.read("tilt") == -ENODEV
    bench.chip.registers[0x0F] = 0x33
    assert [bench.read("tilt"), bench.read("tilt")] == [-EAGAIN, 0]


def test_thresholds_fit_their_register():
    for shake_mg, value in ((0, 125), (32, 2), (2000, 125), (16_000, 127)):
        chip = Chip()
        sensors = Accelerometers(chip, [{"sensor": "lis3dh-18", "shake_milli": shake_mg}], None)
        try:
            sensors.read("lis3dh-18/tilt")
        except OSError as error:
            assert error.errno == EAGAIN
        assert chip.registers[0x32] == value, shake_mg
