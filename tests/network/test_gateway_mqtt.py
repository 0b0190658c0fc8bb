"""From the firmware through a real broker over TLS into the store: what breaks on the way delays records, no more."""

import ssl

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from tocsin_sim.broker_process import BrokerProcess, make_certificate

TROUBLE_NETWORK, TROUBLE_CERTIFICATE = 13, 14

# Within the room of the journal's security ring (docs/journal.md): with the broker gone, more would be given up.
BACKLOG = 1200


def test_records_reach_the_store_through_the_broker(museum):
    museum.broker.start()
    museum.start_collector()
    museum.start_gateway(record_count=300)
    museum.wait_event("session", "mqtt:gallery")
    museum.go()
    museum.wait(lambda: museum.told() == 300, "300 records")
    assert museum.test_records() == list(range(300))
    assert museum.findings() == []


def test_another_broker_will_do(museum):
    users = "gallery:broker secret\ncollector:host secret\n"
    museum.broker = BrokerProcess(museum.folder, users, mosquitto=None)
    test_a_broker_killed_in_the_middle_of_a_drain_loses_and_doubles_nothing(museum)


def test_a_broker_killed_in_the_middle_of_a_drain_loses_and_doubles_nothing(museum):
    museum.broker.start()
    museum.start_gateway(record_count=BACKLOG, every_ms=0)
    museum.go()
    museum.start_collector()
    for part in (200, 800):
        museum.wait(lambda part=part: museum.told() >= part, f"{part} records")
        before = len(museum.events)
        museum.broker.kill()
        museum.wait_event("port", "mqtt:gallery", "lost", "the broker is gone", after=before)
        assert museum.told() < BACKLOG
        museum.broker.start()
    museum.wait(lambda: museum.told() >= BACKLOG, "the whole backlog")
    assert museum.test_records() == list(range(BACKLOG))
    assert museum.findings() == []
    museum.wait(lambda: TROUBLE_NETWORK in museum.troubles(), "the trouble")


def test_cable_and_network_at_once_store_every_record_once(museum):
    museum.broker.start()
    museum.start_gateway(record_count=500, cable=True)
    museum.start_collector(*museum.cable())
    museum.wait_event("session", "mqtt:gallery")
    museum.wait_event("session", "usb")
    museum.go()
    museum.wait(lambda: museum.told() == 500, "500 records")
    assert museum.test_records() == list(range(500))
    assert museum.findings() == []


def test_the_cable_carries_on_when_the_broker_is_gone(museum):
    museum.broker.start()
    museum.start_gateway(record_count=1000, cable=True)
    museum.start_collector(*museum.cable())
    museum.wait_event("session", "mqtt:gallery")
    museum.go()
    museum.wait(lambda: museum.told() >= 100, "100 records")
    museum.broker.kill()
    museum.wait(lambda: museum.told() == 1000 and TROUBLE_NETWORK in museum.troubles(), "1000 records and the trouble")
    assert museum.test_records() == list(range(1000))
    assert museum.findings() == []


def test_a_wrong_certificate_is_told_nothing_and_stops_nothing(museum):
    museum.broker.start()
    museum.start_gateway(record_count=50, cable=True, certificates=["00" * 32])
    museum.go()
    museum.start_collector(*museum.cable(), mqtt=False)
    museum.wait(lambda: museum.told() == 50 and museum.troubles() != [], "50 records and the trouble")
    assert museum.test_records() == list(range(50))
    assert museum.troubles() == [TROUBLE_CERTIFICATE]
    assert not museum.broker.has_had_a_client()


def test_the_second_of_two_certificates_is_as_good_as_the_first(museum):
    museum.broker.start()
    museum.start_gateway(certificates=["00" * 32, museum.certificate])
    museum.start_collector()
    museum.wait_event("session", "mqtt:gallery")


def test_an_expired_certificate_still_serves_the_gateway(museum):
    expired = make_certificate(museum.folder, "expired", (-30, -1))
    museum.broker.certificate = "expired"
    museum.broker.start()
    museum.start_gateway(record_count=50, cable=True, certificates=[expired])
    museum.start_collector(*museum.cable(), "--mqtt-ca", str(museum.folder / "expired.crt"))
    museum.wait(museum.broker.has_had_a_client, "the gateway's connection")
    refused = f"mqtts://127.0.0.1:{museum.broker.port}"
    museum.wait_event("port", refused, "lost", "certificate has expired; renew it at the broker")
    museum.go()
    museum.wait(lambda: museum.told() == 50, "50 records by the cable")
    assert museum.troubles() == []


def test_a_password_that_the_broker_refuses_is_a_trouble_and_stops_nothing(museum):
    museum.broker.set_users("gallery:another\ncollector:host secret\n")
    museum.broker.start()
    museum.start_gateway(record_count=50, cable=True)
    museum.go()
    museum.start_collector(*museum.cable())
    museum.wait(lambda: museum.told() == 50 and museum.troubles() != [], "50 records and the trouble")
    assert museum.test_records() == list(range(50))
    assert museum.troubles() == [TROUBLE_NETWORK]


def test_a_gateway_without_power_is_told_to_be_offline(museum):
    museum.broker.start()
    museum.start_collector()
    museum.start_gateway()
    museum.wait_event("session", "mqtt:gallery")
    museum.stop_gateway()
    museum.wait_event("port", "mqtt:gallery", "lost", "the broker says that it is offline")


def test_what_strangers_publish_to_a_gateway_ends_no_connection(museum):
    museum.broker.start()
    museum.start_gateway(record_count=100)
    museum.start_collector()
    museum.wait_event("session", "mqtt:gallery")
    client = paho.Client(CallbackAPIVersion.VERSION2, "stranger", protocol=paho.MQTTv311)
    client.username_pw_set("collector", "host secret")
    client.tls_set_context(ssl.create_default_context(cafile=museum.folder / "broker.crt"))
    client.connect("127.0.0.1", museum.broker.port)
    for payload in (b"", b"\0" * 3, bytes(range(256)) * 4, b"x" * 1025, b"x" * 3000, b"x" * 300_000):
        client.publish("tocsin/gallery/down", payload, qos=1)
    while client.want_write() or client._out_messages:
        assert client.loop(0.1) == paho.MQTT_ERR_SUCCESS
    client.disconnect()
    museum.go()
    museum.wait(lambda: museum.told() == 100, "100 records")
    assert museum.test_records() == list(range(100))
    assert TROUBLE_NETWORK not in museum.troubles()
