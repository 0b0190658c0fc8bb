"""`tocsin collect --mqtt`: what a broker may refuse, show or do, and what people are told of it."""

import ssl

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from tocsin_host.keys import make_secrets, secrets_path, write_secrets
from tocsin_sim.broker_process import make_certificate

STORAGE = "storeroom"


@pytest.fixture
def publish(museum):
    """`publish(topic, payload)` retained, as a gateway named storeroom."""
    museum.broker.set_users("collector:host secret\nstoreroom:a secret\n")

    def do(topic, payload):
        client = paho.Client(CallbackAPIVersion.VERSION2, "stranger", protocol=paho.MQTTv311)
        client.username_pw_set(STORAGE, "a secret")
        client.tls_set_context(ssl.create_default_context(cafile=museum.folder / "broker.crt"))
        client.connect("127.0.0.1", museum.broker.port)
        client.publish(topic, payload, qos=1, retain=True)
        while client.want_write() or client._out_messages:
            assert client.loop(0.1) == paho.MQTT_ERR_SUCCESS
        client.disconnect()

    return do


def broker_name(museum):
    return f"mqtts://127.0.0.1:{museum.broker.port}"


def test_a_broker_that_is_not_there_is_told_once_and_heard_when_it_comes(museum):
    museum.start_collector()
    museum.wait_event("port", broker_name(museum), "lost", "nobody listens there; is the broker running?")
    museum.broker.start()
    museum.wait_event("port", broker_name(museum), "open")
    assert len([event for event in museum.events if event.get("state") == "lost"]) == 1


def test_a_refused_password_is_told_with_its_mend(museum):
    museum.broker.set_users("collector:another\n")
    museum.broker.start()
    museum.start_collector()
    detail = "the broker refuses user 'collector': Not authorized; compare its password file with --mqtt-password-file"
    museum.wait_event("port", broker_name(museum), "lost", detail)


@pytest.mark.parametrize(
    ("valid_days", "vouched", "detail"),
    [
        ((-30, -1), True, "the broker's certificate is refused: certificate has expired; renew it at the broker"),
        ((1, 30), True, "the broker's certificate is refused: certificate is not yet valid; set this computer's clock"),
        ((-1, 30), False, "name its authority, or the certificate itself, with --mqtt-ca FILE"),
    ],
)
def test_a_certificate_that_is_refused_is_told_with_its_mend(museum, valid_days, vouched, detail):
    make_certificate(museum.folder, "other", valid_days)
    museum.broker.certificate = "other"
    museum.broker.start()
    museum.start_collector("--mqtt-ca", str(museum.folder / ("other.crt" if vouched else "broker.crt")))
    museum.wait_event("port", broker_name(museum), "lost", detail)


def test_a_broker_without_tls_is_told(museum):
    museum.broker.has_tls = False
    museum.broker.start()
    museum.start_collector()
    museum.wait_event("port", broker_name(museum), "lost", "is this its TLS port?")


def test_a_gateway_without_keys_here_is_told_once(museum, publish):
    museum.broker.start()
    publish("tocsin/storeroom/status", b"online")
    publish("tocsin/storeroom/up", b"piece")
    museum.start_collector()
    museum.wait_event("port", "mqtt:storeroom", "lost", "no keys here for a gateway of this name")
    museum.broker.kill()
    museum.wait_event("port", broker_name(museum), "lost")
    assert len([event for event in museum.events if event.get("port") == "mqtt:storeroom"]) == 1


def test_no_gateway_may_speak_for_another(museum, publish):
    write_secrets(secrets_path(museum.keys, STORAGE), make_secrets(STORAGE))
    museum.broker.start()
    museum.start_collector()
    museum.wait_event("port", broker_name(museum), "open")
    publish("tocsin/gallery/status", b"online")
    publish("tocsin/storeroom/status", b"online")
    museum.wait_event("port", "mqtt:storeroom", "open")
    assert [event for event in museum.events if event.get("port") == "mqtt:gallery"] == []


def test_a_retained_piece_of_an_old_session_is_not_heard(museum, publish):
    write_secrets(secrets_path(museum.keys, STORAGE), make_secrets(STORAGE))
    museum.broker.start()
    publish("tocsin/storeroom/up", b"\x00noise\x00")
    publish("tocsin/storeroom/status", b"online")
    museum.start_collector()
    museum.wait_event("port", "mqtt:storeroom", "open")
    publish("tocsin/storeroom/up", b"\x00noise\x00")
    museum.wait_event("noise", "mqtt:storeroom", detail="1 damaged frames so far")
