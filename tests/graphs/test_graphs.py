"""Every graph that comes along runs, and makes what its first line says."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from avatar_nodes.audio.text_to_speech import TextToSpeech
from avatar_nodes.face.portrait_model import prepare_portrait
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.motion.motion_file_model import read_motion
from avatar_nodes.motion.shapes_model import coefficients
from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion
from films import write_film
from graphcore import LiveClock, Run, check, load
from graphcore.cli.main import main
from graphcore.errors import OpenError
from graphcore.graph.load import load_text
from graphcore.plugins import find_nodes
from graphcore.testing import run_graph, run_node

ROOT = Path(__file__).parents[2]
GRAPHS = sorted((ROOT / "graphs").glob("*.yaml"))
WORDS = "We may be home by five."  # lips that close, and vowels
SECONDS_OF_WORDS = 1.0  # what WORDS take at least, said quickly


@dataclass
class Movie:
    """What a player sees and hears of a file."""

    path: Path
    width: int = 0
    height: int = 0
    rate: Fraction | None = None
    codecs: tuple[str, str] = ("", "")
    frames: list[str] = field(default_factory=list)  # a hash of each decoded one
    samples: int = 0
    sample_rate: int = 0
    sound_hash: str = ""


def decode(path: Path) -> Movie:
    """Decode a movie from beginning to end."""
    movie = Movie(path)
    heard = sha256()
    with av.open(str(path)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        movie.width, movie.height, movie.rate = picture.width, picture.height, picture.average_rate
        movie.codecs = (picture.codec_context.name, sound.codec_context.name)
        movie.sample_rate = sound.rate
        for frame in container.decode(picture, sound):
            if isinstance(frame, av.VideoFrame):
                movie.frames.append(sha256(frame.to_ndarray()).hexdigest())
            else:
                movie.samples += frame.samples
                heard.update(frame.to_ndarray().tobytes())
    movie.sound_hash = heard.hexdigest()
    return movie


def run(graph: Path, settings: dict[str, str], threads: int | None = None) -> Run:
    """Run a graph as `graphcore run` does."""
    done = Run(check(load(graph, settings), find_nodes()), threads=threads)
    done.run()
    return done


@pytest.fixture(scope="module")
def portrait() -> str:
    """The path of the photo that matplotlib ships."""
    return str(files("matplotlib").joinpath("mpl-data", "sample_data", "grace_hopper.jpg"))


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Movie:
    """graphs/talk.yaml, saying a few words, with a thread for each chain."""
    return talk_again(tmp_path_factory.mktemp("talk"))


def talk_again(folder: Path, threads: int | None = None) -> Movie:
    """The same once more."""
    path = folder / "talk.mp4"
    run(ROOT / "graphs" / "talk.yaml", {"speech.text": WORDS, "movie.path": str(path)}, threads)
    return decode(path)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody says a few words: mono, 22050 Hz."""
    spoken = run_node(TextToSpeech, params={"text": WORDS}).outputs["audio"]
    path = tmp_path_factory.mktemp("recording") / "me.wav"
    samples = np.concatenate([packet.payload.samples for packet in spoken])
    soundfile.write(path, samples, spoken[0].payload.sample_rate, subtype="FLOAT")
    return path


@pytest.mark.parametrize("path", [*GRAPHS, *sorted((ROOT / "plugins").glob("*/*.yaml"))], ids=lambda path: path.stem)
def test_a_graph_begins_with_one_comment_that_says_what_it_does(path: Path) -> None:
    head = re.match(r"(?:#[^\n]*\n)+", path.read_text(encoding="utf-8"))
    assert head is not None
    assert re.match(r"# [A-Z].*[.:]", head[0]), "a sentence"


def test_every_graph_is_run_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [path.name for path in GRAPHS if f'"{path.name}"' not in text] == []


def test_talk_is_a_movie_that_players_play(talk: Movie) -> None:
    assert (talk.width, talk.height, talk.rate) == (512, 512, 25)
    assert talk.codecs == ("h264", "aac")


def test_talk_shows_and_says_all_of_it(talk: Movie) -> None:
    shown, heard = len(talk.frames) / 25, talk.samples / talk.sample_rate
    assert shown >= SECONDS_OF_WORDS + 0.5  # silence before and after
    assert abs(shown - heard) <= 1 / 25
    assert len(set(talk.frames)) > len(talk.frames) * 0.9, "the face stands still"


def test_talk_says_that_it_is_synthetic(talk: Movie, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(talk.path)]) == 0
    assert "synthetic: yes" in capsys.readouterr().out


@pytest.mark.parametrize("threads", [None, 1], ids=["again", "one_thread"])
def test_talk_is_the_same_every_time(talk: Movie, threads: int | None, tmp_path: Path) -> None:
    other = talk_again(tmp_path, threads)
    assert other.frames == talk.frames
    assert other.sound_hash == talk.sound_hash


def test_talk_depends_on_what_is_said_and_on_the_seed(talk: Movie, tmp_path: Path) -> None:
    text = (ROOT / "graphs" / "talk.yaml").read_text(encoding="utf-8")
    seeded = tmp_path / "seeded.yaml"
    seeded.write_text(text.replace("seed: 0", "seed: 1"), encoding="utf-8")
    run(seeded, {"speech.text": WORDS, "movie.path": str(tmp_path / "seeded.mp4")})
    other = decode(tmp_path / "seeded.mp4")
    assert other.sound_hash == talk.sound_hash
    assert len(other.frames) == len(talk.frames)
    assert other.frames[-1] != talk.frames[-1]


@pytest.fixture(scope="module")
def in_one_process(tmp_path_factory: pytest.TempPathFactory) -> Movie:
    """graphs/talk_processes.yaml without a places file."""
    path = tmp_path_factory.mktemp("one") / "talk.mp4"
    run(ROOT / "graphs" / "talk_processes.yaml", {"speech.text": WORDS, "movie.path": str(path)})
    return decode(path)


@pytest.mark.parametrize("places", ["two-processes", "three-processes"])
def test_places_change_no_frame(in_one_process: Movie, places: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    settings = [f"--set=speech.text={WORDS}", f"--set=movie.path={path}"]
    file = str(ROOT / "graphs" / "places" / f"{places}.yaml")
    assert main(["run", str(ROOT / "graphs" / "talk_processes.yaml"), "--places", file, *settings]) == 0
    movie = decode(path)
    assert movie.frames == in_one_process.frames
    assert movie.sound_hash == in_one_process.sound_hash


def test_talk_audio_is_as_long_as_the_recording(recording: Path, portrait: str, tmp_path: Path) -> None:
    path = tmp_path / "me.mp4"
    settings = {"speech.path": str(recording), "face.portrait": portrait, "movie.path": str(path)}
    run(ROOT / "graphs" / "talk_audio.yaml", settings)
    movie = decode(path)
    seconds = soundfile.info(str(recording)).duration
    assert 0 <= len(movie.frames) / 25 - seconds <= 1 / 25 + 1e-9
    assert abs(movie.samples / movie.sample_rate - len(movie.frames) / 25) <= 1 / 25
    assert len(set(movie.frames)) > len(movie.frames) * 0.9
    assert main(["verify", str(path)]) == 0


def test_talk_light_is_as_long_as_talk(talk: Movie, tmp_path: Path) -> None:
    path = tmp_path / "light.mp4"
    run(ROOT / "graphs" / "talk_light.yaml", {"speech.text": WORDS, "movie.path": str(path)})
    light = decode(path)
    assert light.sound_hash == talk.sound_hash
    assert len(light.frames) == len(talk.frames)
    assert len(set(light.frames)) > len(light.frames) * 0.9, "the face stands still"
    assert light.frames[-1] != talk.frames[-1]


@pytest.fixture(scope="module")
def saved(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The motion of the recording."""
    path = tmp_path_factory.mktemp("saved") / "me.csv"
    run(ROOT / "graphs" / "save_motion.yaml", {"speech.path": str(recording), "saved.path": str(path)})
    return path


def test_save_motion_saves_every_frame(saved: Path, recording: Path) -> None:
    motion = read_motion(saved)
    seconds = soundfile.info(str(recording)).duration
    assert 0 <= len(motion.times) / 25 - seconds <= 1 / 25 + 1e-9
    assert motion.numbers.std(axis=0).max() > 0.1, "the face stands still"


def test_replay_is_as_long_as_the_motion_and_another_photo_can_play_it(
    saved: Path, recording: Path, portrait: str, tmp_path: Path
) -> None:
    with Image.open(portrait) as photo:
        photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "you.jpg")
    settings = {"motion.path": str(saved), "speech.path": str(recording), "face.portrait": str(tmp_path / "you.jpg")}
    run(ROOT / "graphs" / "replay.yaml", {**settings, "movie.path": str(tmp_path / "you.mp4")})
    movie = decode(tmp_path / "you.mp4")
    assert len(movie.frames) == len(read_motion(saved).times)
    assert abs(movie.samples / movie.sample_rate - len(movie.frames) / 25) <= 1 / 25
    assert len(set(movie.frames)) > len(movie.frames) * 0.9, "the face stands still"
    assert main(["verify", str(tmp_path / "you.mp4")]) == 0


def test_louder_is_louder(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "louder.wav"
    settings = {"speech.path": str(recording), "louder.gain_db": "-6", "copy.path": str(path)}
    run(ROOT / "graphs" / "louder.yaml", settings)
    before, after = soundfile.read(recording)[0], soundfile.read(path)[0]
    np.testing.assert_allclose(after, before * 10 ** (-6 / 20), atol=1 / 2**15)


def test_cut_out_is_a_picture_for_each_frame_without_what_stands_behind(tmp_path: Path) -> None:
    settings = {"speech.text": "Home.", "face.size": "256", "pictures.path": str(tmp_path / "face.png")}
    run(ROOT / "graphs" / "cut_out.yaml", {**settings, "sound.path": str(tmp_path / "speech.wav")})
    pictures = sorted(tmp_path.glob("*.png"))
    assert abs(len(pictures) / 25 - soundfile.info(str(tmp_path / "speech.wav")).duration) <= 1 / 25
    with Image.open(pictures[-1]) as last:
        assert (last.mode, last.size) == ("RGBA", (256, 256))
        alpha = np.asarray(last)[:, :, 3]
    assert (alpha[0, 0], alpha[128, 128]) == (0, 255)
    assert main(["verify", str(pictures[0])]) == 0


@pytest.fixture(scope="module")
def video(portrait: str, recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The person of the photo opens their mouth and turns, for as long as the recording lasts at most."""
    renderer = Renderer(prepare_portrait(Path(portrait), 256))
    frames = []
    for way in 0.5 - 0.5 * np.cos(np.arange(25) * 0.5):
        head = renderer.photo_motion.head + np.array([8 * way, 0, 0, 0, 0, 0], np.float32)
        frames.append(renderer.render(FaceMotion(head, coefficients(jawOpen=0.5 * float(way)))).copy())
    path = tmp_path_factory.mktemp("video") / "me.mkv"
    write_film(path, frames, [index / 25 for index in range(25)], sound_at=0.0, sound_s=1.0)
    return path


def test_reenact_moves_the_photo_as_the_video_does(video: Path, portrait: str, tmp_path: Path) -> None:
    path = tmp_path / "you.mp4"
    settings = {"source.path": str(video), "face.portrait": portrait, "movie.path": str(path)}
    done = run(ROOT / "graphs" / "reenact.yaml", settings)
    assert done.losses == []
    movie = decode(path)
    assert len(movie.frames) == 25
    assert abs(movie.samples / movie.sample_rate - 1.0) <= 1 / 25
    assert len(set(movie.frames)) > 20
    assert main(["verify", str(path)]) == 0


def test_mirror_runs_until_it_is_stopped(video: Path, portrait: str, tmp_path: Path) -> None:
    settings = {"camera.device": str(video), "face.portrait": portrait, "movie.path": str(tmp_path / "mirror.mp4")}
    graph = check(load(ROOT / "graphs" / "mirror.yaml", settings), find_nodes())
    result = run_graph(graph, live=True, threads=None, clock=LiveClock(), until_ns=500_000_000)
    assert len(result.outputs["face.frames"]) > 3
    assert [made.path.name for made in result.made] == ["mirror.mp4"]


def opens_the_mouth(name: str, settings: dict[str, str], speak: Callable[[Run], None]) -> bool:
    """Whether the lips of a live graph, at rest before, open once somebody speaks."""
    settings |= {"page.port": "0", "face.size": "256"}
    run = Run(check(load(ROOT / "graphs" / name, settings), find_nodes()), live=True)
    opened, jaw = threading.Event(), EXPRESSION_INDEX["jawOpen"]
    run.tap("motion", "motion", lambda packet: opened.set() if packet.payload.expression[jaw] > 0.1 else None)
    run.start()
    while not run.opened:
        assert not run.wait(0.05)
    before = opened.is_set()
    speak(run)
    after = opened.wait(30)
    run.stop()
    assert run.wait(30)
    return after and not before


def test_say_says_the_lines_that_come() -> None:
    assert opens_the_mouth("say.yaml", {}, lambda run: run.set("voice", "line", WORDS))


def test_bot_moves_with_what_another_program_sends(recording: Path) -> None:
    samples, rate = soundfile.read(recording, dtype="float32")

    def speak(run: Run) -> None:
        port = int(next(notice for notice in run.notices if "tcp://" in notice).rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as bot:
            bot.sendall(samples.astype("<f4").tobytes())

    settings = {"voice.port": "0", "voice.websocket_port": "0"}
    settings |= {"voice.sample_rate": str(rate), "voice.format": "f32le"}
    assert opens_the_mouth("bot.yaml", settings, speak)


@pytest.fixture(scope="module")
def live_text() -> str:
    """graphs/live.yaml with a voice in place of the microphone."""
    text = (ROOT / "graphs" / "live.yaml").read_text(encoding="utf-8")
    voice = f'{{type: text_to_speech, params: {{text: "{WORDS}"}}}}'
    return text.replace("{type: microphone}", voice)


@pytest.mark.parametrize("motion", ["motion_diffusion", "vowel_lip_sync"])
def test_live_talks_in_every_sink_and_changes_its_motion_by_one_word(
    live_text: str, motion: str, tmp_path: Path
) -> None:
    settings = {"obs.port": "0", "page.port": "0", "recorder.path": str(tmp_path / "live.mp4")}
    text = live_text.replace("type: motion_diffusion", f"type: {motion}")
    graph = check(load_text(text, overrides=settings | {"recorder.recording": "true"}), find_nodes())
    result = run_graph(graph, live=True, threads=None, clock=LiveClock(), until_ns=1_000_000_000)
    frames, sound = result.outputs["playout.frames"], result.outputs["playout.sound"]
    assert len(frames) > 10
    assert frames[0].payload.pixels.shape == (512, 512, 4)
    assert sum(len(packet.payload.samples) for packet in sound) > 10_000
    assert [made.path.name for made in result.made] == ["live-1.mp4"]


def test_live_without_its_microphone_says_what_to_do(tmp_path: Path) -> None:
    settings = {"obs.port": "0", "page.port": "0", "recorder.path": str(tmp_path / "live.mp4")}
    graph = check(
        load(ROOT / "graphs" / "live.yaml", settings | {"microphone.device": "nobody has this"}), find_nodes()
    )
    with pytest.raises(OpenError, match=r"microphone: .*; "):
        run_graph(graph, live=True, threads=None, clock=LiveClock())
