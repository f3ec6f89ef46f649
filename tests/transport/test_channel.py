"""The contract of a channel, the same over every wire."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import msgpack
import numpy as np
import pytest

from graphcore.errors import ChannelError, CodecError
from graphcore.payload import payload_name
from graphcore.transport.codec import Closed, Credit, Delivery, End, Settled, encode, message
from transport.conftest import WAIT_S, Pair
from transport.payloads import Picture, Small


@message
class Hello:
    """A control message that belongs to no link."""

    text: str


def test_packets_come_in_order_and_whole(pair: Pair) -> None:
    send, taken = pair.link(queue=8)
    for number in range(8):
        assert send.send(Small(number), timestamp=number * 10, sequence=number)
    for number in range(8):
        delivery = taken.next()
        assert (delivery.payload.value, delivery.timestamp, delivery.sequence) == (number, number * 10, number)


def test_what_is_settled_and_the_end_come_behind_the_packets(pair: Pair) -> None:
    send, taken = pair.link(queue=4)
    send.send(Small(1), 10, 0)
    send.settle(20)
    send.send(Small(2), 30, 1)
    send.end()
    kinds = [type(taken.next()) for _ in range(4)]
    assert kinds == [Delivery, Settled, Delivery, End]


def test_block_waits_for_room_and_drops_nothing(pair: Pair) -> None:
    send, taken = pair.link(queue=4)
    assert [send.send(Small(number), 0, number) for number in range(6)] == [True] * 4 + [False] * 2
    assert send.full
    assert taken.numbers(4, grant=True) == [0, 1, 2, 3]
    taken.wake.wait_for(lambda: send.credits >= 3)  # the last grant may be kept until it is needed
    assert send.send(Small(4), 0, 4)
    assert taken.numbers(1) == [4]
    assert (send.packets, send.dropped) == (5, 0)


def test_drop_newest_keeps_what_was_first(pair: Pair) -> None:
    send, taken = pair.link(queue=4, overflow="drop_newest")
    assert all(send.send(Small(number), 0, number) for number in range(100))
    send.end()
    assert taken.numbers(4) == [0, 1, 2, 3]
    assert type(taken.next()) is End
    assert (send.packets, send.dropped) == (100, 96)


@pytest.mark.parametrize(("queue", "kept"), [(1, [0, 99]), (4, [0, 1, 98, 99]), (5, [0, 1, 2, 98, 99])])
def test_drop_oldest_keeps_what_is_newest(pair: Pair, queue: int, kept: list[int]) -> None:
    send, taken = pair.link(queue=queue, overflow="drop_oldest")
    assert all(send.send(Small(number), 0, number) for number in range(100))
    send.settle(5)
    send.settle(6)
    send.end()
    assert taken.numbers(len(kept), grant=True) == kept
    assert taken.next() == Settled(1, 6)
    assert taken.next() == End(1)
    assert (send.packets, send.dropped) == (100, 100 - len(kept))


def test_ten_thousand_small_packets(pair: Pair) -> None:
    received: SimpleQueue[int] = SimpleQueue()

    def take(delivery: Delivery) -> None:
        received.put(delivery.payload.value)
        taken.end.grant()

    send, taken = pair.link(queue=64, take=take)
    for number in range(10_000):
        while not send.send(Small(number), number, number):
            taken.wake.wait_for(lambda: not send.full)
    assert [received.get(timeout=WAIT_S) for _ in range(10_000)] == list(range(10_000))


def test_five_hundred_large_packets(pair: Pair) -> None:
    pictures = [np.full((512, 512, 3), number, np.uint8) for number in range(5)]
    received: SimpleQueue[bool] = SimpleQueue()

    def take(delivery: Delivery) -> None:
        pixels, number = delivery.payload.pixels, delivery.sequence % 5
        whole = pixels.shape == (512, 512, 3) and not pixels.flags.writeable
        received.put(whole and bool((pixels[::64, ::64] == number).all()))
        taken.end.grant()

    send, taken = pair.link(payload=Picture, queue=4, take=take)
    for number in range(500):
        while not send.send(Picture(pictures[number % 5]), number, number):
            taken.wake.wait_for(lambda: not send.full)
    assert all(received.get(timeout=WAIT_S) for _ in range(500))


def test_two_links_both_ways(pair: Pair) -> None:
    there, taken_there = pair.link(1, queue=2)
    turned = Pair(pair.receiver, pair.sender)
    back, taken_back = turned.link(2, queue=2)
    there.send(Small(1), 0, 0)
    back.send(Small(2), 0, 0)
    assert (taken_there.numbers(1), taken_back.numbers(1)) == ([1], [2])


def test_a_receiver_that_closes_frees_its_sender(pair: Pair) -> None:
    send, taken = pair.link(queue=1)
    assert send.send(Small(0), 0, 0)
    assert send.full
    taken.end.close()
    taken.wake.wait_for(lambda: send.closed)
    assert send.send(Small(1), 0, 1)
    assert not send.full
    assert send.dropped == 0


def test_control_messages_arrive(pair: Pair) -> None:
    pair.sender.channel.send(Hello("é"))
    assert pair.receiver.messages.get(timeout=WAIT_S) == Hello("é")


@pytest.mark.parametrize("which", ["sender", "receiver"])
def test_either_side_may_close(pair: Pair, which: str) -> None:
    send, taken = pair.link(queue=2)
    send.send(Small(1), 0, 0)
    assert taken.numbers(1) == [1]
    side = getattr(pair, which)
    other = pair.receiver if side is pair.sender else pair.sender
    side.channel.close()
    assert side.reasons.get(timeout=WAIT_S) == ""
    assert other.reasons.get(timeout=WAIT_S) == "the peer closed the channel"
    assert not send.send(Small(2), 0, 1)


def test_what_was_sent_before_the_close_arrives(pair: Pair) -> None:
    send, taken = pair.link(payload=Picture, queue=8)
    for number in range(8):
        send.send(Picture(np.zeros((512, 512, 3), np.uint8)), 0, number)
    send.end()
    pair.sender.channel.close()
    assert [type(taken.next()) for _ in range(9)] == [Delivery] * 8 + [End]


def test_a_lost_channel_drops_and_counts_where_it_may(pair: Pair) -> None:
    send, _ = pair.link(queue=2, overflow="drop_oldest")
    for number in range(3):
        send.send(Small(number), 0, number)
    pair.receiver.channel.close()
    assert pair.sender.reasons.get(timeout=WAIT_S)
    send.send(Small(3), 0, 3)
    assert (send.packets, send.dropped) == (4, 3)


def forged(link: int, sequence: int, content: Any) -> list[Any]:
    return encode(Delivery(link, sequence, 0, content))


HOSTILE: dict[str, list[list[Any]]] = {
    "noise": [[b"noise"]],
    "an empty message": [[b""]],
    "a link that is not there": [forged(9, 0, Small(0))],
    "another payload than the link's": [forged(1, 0, Picture(np.zeros((1, 1, 3), np.uint8)))],
    "an unknown payload": [[msgpack.packb(["packet", 1, 0, 0, "os.system", {}])]],
    "more than the credit": [forged(1, number, Small(0)) for number in range(3)],
    "numbers that go back": [forged(1, 5, Small(0)), forged(1, 5, Small(0))],
    "a packet after the end": [encode(End(1)), forged(1, 0, Small(0))],
    "no credit at all": [encode(Credit(7, 0))],
    "credit without measure": [encode(Credit(7, 2**40))],
    "credit for its own link": [encode(Credit(1, 1))],
    "credit for more links than there are": [encode(Credit(number, 1)) for number in range(10, 5000)],
    "the close of a link that is not there": [encode(Closed(8))],
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_breaks_the_rules_is_counted_and_ends_the_channel(pair: Pair, case: str) -> None:
    pair.link(queue=2)
    for frames in HOSTILE[case]:
        pair.sender.wire.send(frames)
    assert "refused" in pair.receiver.reasons.get(timeout=WAIT_S)
    assert pair.receiver.channel.refused == 1


def test_a_link_is_opened_once(pair: Pair) -> None:
    pair.link(queue=1)
    with pytest.raises(ChannelError, match="link 1 is open already"):
        pair.sender.channel.open_sender(1, queue=1)


def test_what_cannot_be_written_is_said_where_it_is_sent(pair: Pair) -> None:
    send, taken = pair.link(payload=Picture, queue=1)
    with pytest.raises(CodecError, match=r"Picture\.pixels"):
        send.send(Picture(np.zeros((2, 2), np.uint8)), 0, 0)
    assert send.send(Picture(np.zeros((2, 2, 3), np.uint8)), 0, 0)
    assert taken.next().payload.pixels.shape == (2, 2, 3)


def test_names_on_the_wire_are_the_payloads(pair: Pair) -> None:
    assert payload_name(Small).endswith(".Small")
