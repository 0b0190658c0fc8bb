"""The emulated radio: the firmware joins a network on which every address is this machine's loopback, and no other."""

import socketserver
import threading

import pytest
from rp2040py.external.cyw43.nat import NatBridge
from tocsin_sim.emulator.fork import forked
from tocsin_sim.emulator.radio import GATEWAY_ADDRESS, SSID, UnpinnedRadioError

MAIN = "import time\ntime.sleep_ms(30)\nimport network, socket\nwlan = network.WLAN(network.STA_IF)\nprint('ready')\n"


class Echo(socketserver.StreamRequestHandler):
    """Answers each line with itself and the address it came from."""

    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.strip() + b" from " + self.client_address[0].encode() + b"\n")


@pytest.fixture(scope="module")
def echo_port():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="module")
def joined(make_board):
    """A board at its prompt, in the network; use it in forked() only. Switching the radio on takes some 20 s."""
    board = make_board(MAIN, has_radio=True)
    board.expect(b">>> ")
    run(board, f"wlan.active(True); wlan.connect('{SSID}', 'any password')")
    run(board, "while not wlan.isconnected(): time.sleep_ms(10)\r")
    return board


def run(board, code):
    board.usb.write(code.encode() + b"\r")
    board.expect(b"\r\n")
    return board.expect(b">>> ").removesuffix(b">>> ").decode().strip()


@pytest.mark.parametrize("address", [GATEWAY_ADDRESS, "192.0.2.7"])
def test_every_address_of_the_network_is_this_machine(joined, echo_port, address):
    def case():
        run(joined, f"s = socket.socket(); s.settimeout(5); s.connect(('{address}', {echo_port}))")
        run(joined, "_ = s.send(b'ring\\n')")
        return run(joined, "print(s.recv(40))"), joined.radio.bridge.connected

    assert forked(case) == ("b'ring from 127.0.0.1\\n'", 1)


def test_a_port_where_nobody_listens_refuses(joined):
    answer = forked(lambda: run(joined, f"s = socket.socket(); s.settimeout(5); s.connect(('{GATEWAY_ADDRESS}', 1))"))
    assert "ECONNRESET" in answer or "ECONNABORTED" in answer


def test_datagrams_and_names_go_nowhere(joined):
    def case():
        dropped = joined.radio.bridge.dropped
        run(joined, "u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); _ = u.sendto(b'x', ('192.0.2.7', 123))")
        run(joined, "u.settimeout(1)")
        return run(joined, "u.recv(10)"), joined.radio.bridge.dropped - dropped, joined.radio.bridge.connected

    answer, dropped, connected = forked(case)
    assert "ETIMEDOUT" in answer
    assert dropped >= 1
    assert connected == 0


def test_a_radio_without_the_pin_gets_no_power(make_board):
    board = make_board(MAIN, has_radio=True)
    board.expect(b">>> ")
    board.radio.chip.bus.nat_bridge = NatBridge(board.mcu, board.radio.chip.bus.queue_rx_ethernet_frame)
    board.usb.write(b"wlan.active(True)\r")
    with pytest.raises(UnpinnedRadioError, match=r"pinned to 127\.0\.0\.1"):
        board.run_for_ms(1000)


def test_the_bridge_of_the_library_can_start_nothing(make_board):
    async def open_a_connection():
        raise AssertionError("started")

    with pytest.raises(PermissionError, match="has_radio"):
        make_board(MAIN).mcu.schedule_threadsafe(open_a_connection())
