"""The JSON Schema accepts what the check accepts, and refuses what one file shows to be wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from graphcore.graph.schema import schema
from graphcore.plugins import Registry


@pytest.fixture
def validator(registry: Registry) -> Draft7Validator:
    made = json.loads(json.dumps(schema(registry.types)))
    Draft7Validator.check_schema(made)
    return Draft7Validator(made)


def errors(validator: Draft7Validator, text: str) -> list[str]:
    return [error.message for error in validator.iter_errors(yaml.safe_load(text))]


def test_a_good_graph_passes(validator: Draft7Validator, talk: str) -> None:
    assert errors(validator, talk) == []
    assert errors(validator, talk.replace("frame_rate: 25", "frame_rate: 30000/1001")) == []
    long = "{from: voice.sound, align: nearest, tolerance_ms: 2.5, queue: 4, overflow: drop_oldest}"
    assert errors(validator, talk.replace("audio: voice.sound", f"audio: {long}")) == []
    assert errors(validator, talk.replace("words: hello", "words: hello, speed: null, loops: true")) == []
    assert errors(validator, talk.replace(", params: {words: hello}", "")) == []  # left to --set
    assert errors(validator, talk.replace("photo: photo.png", "photo: photo.png, size: [64, 64], style: ink")) == []


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        ("frame_rate: 25", "framerate: 25", "framerate"),
        ("frame_rate: 25", "frame_rate: 0", "0 is not valid"),
        ("seed: 7", "seed: -7", "-7 is less than the minimum"),
        ("seed: 7", "max_mb: 0", "0 is less than or equal to the minimum"),
        ("type: looker", "type: loker", "'loker' is not one of"),
        ("type: looker", "typ: looker", "'type' is a required property"),
        ("type: looker", "type: looker, colour: blue", "colour"),
        ("type: looker", "type: looker, params: {x: 1}", "'x' was unexpected"),
        ("gain_db: 6", "gain_db: 99", "99 is greater than the maximum"),
        ("gain_db: 6", "gain_db: loud", "'loud' is not of type 'number'"),
        ("gain_db: 6", "gain: 6", "'gain' was unexpected"),
        ("words: hello", "words: hello, speed: 2.5", "2.5 is not of type 'integer', 'null'"),
        ("photo: photo.png", "photo: photo.png, style: oyl", "'oyl' is not one of ['oil', 'ink']"),
        ("photo: photo.png", "photo: photo.png, size: [1]", "1 is less than the minimum of 16"),
        ("    inputs: {audio: voice.sound}\n", "", "'inputs' is a required property"),
        ("audio: voice.sound", "audoi: voice.sound", "'audoi' was unexpected"),
        ("audio: voice.sound", "audio: voice", "'voice' is not valid"),
        ("align: interpolate", "align: exact", "is not valid"),
        ("look: {from: eyes.look, ", "look: {", "is not valid"),
        ("  eyes: ", "  my-eyes: ", "my-eyes"),
    ],
)
def test_a_bad_graph_fails(validator: Draft7Validator, talk: str, good: str, bad: str, expected: str) -> None:
    assert good in talk
    found = errors(validator, talk.replace(good, bad))
    assert any(expected in message for message in found), found


def test_an_editor_is_told_what_a_param_is(registry: Registry) -> None:
    made: dict[str, Any] = schema(registry.types)
    gain = made["definitions"]["gain"]
    assert gain["description"] == "Scales loudness.\n\nIn dB."
    assert gain["properties"]["params"]["properties"]["gain_db"] == {
        "type": "number",
        "minimum": -60.0,
        "maximum": 24.0,
        "default": 0.0,
        "description": "how much louder (number from -60.0 to 24.0 (dB)) Live.",
    }
    assert gain["properties"]["inputs"]["properties"]["audio"]["description"] == "Sound, driver."
    assert "Looks around, and hums." in made["definitions"]["node"]["properties"]["type"]["enumDescriptions"]


def test_an_input_that_takes_each_packet_has_no_align(registry: Registry) -> None:
    one = schema(registry.types)["definitions"]["merge"]["properties"]["inputs"]["properties"]["one"]["anyOf"][1]
    assert sorted(one["properties"]) == ["from", "overflow", "queue"]
