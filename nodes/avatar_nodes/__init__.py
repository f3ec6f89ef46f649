"""The avatar's nodes: one photo and speech become a talking face."""

from __future__ import annotations

from pathlib import Path

from graphcore import Finding, Node, Preview, Provenance, Verb, hookimpl


@hookimpl
def register_nodes() -> list[type[Node]]:
    """The node classes of this package; each module imports what is heavy in `open`."""
    from avatar_nodes.audio.audio_file import AudioFile
    from avatar_nodes.audio.audio_out_file import AudioOutFile
    from avatar_nodes.audio.audio_stream import AudioStream
    from avatar_nodes.audio.gain import Gain
    from avatar_nodes.audio.microphone import Microphone
    from avatar_nodes.audio.playout import Playout
    from avatar_nodes.audio.text_to_speech import TextToSpeech
    from avatar_nodes.control.blink_controller import BlinkController
    from avatar_nodes.control.distance_controller import DistanceController
    from avatar_nodes.control.emotion_controller import EmotionController
    from avatar_nodes.control.gaze_controller import GazeController
    from avatar_nodes.face.latent_renderer import LatentRenderer
    from avatar_nodes.features.speech_features import SpeechFeatures
    from avatar_nodes.motion.head_motion import HeadMotion
    from avatar_nodes.motion.motion_diffusion import MotionDiffusion
    from avatar_nodes.motion.motion_file import MotionFile
    from avatar_nodes.motion.motion_out_file import MotionOutFile
    from avatar_nodes.motion.vowel_lip_sync import VowelLipSync
    from avatar_nodes.sinks.browser_view import BrowserView
    from avatar_nodes.sinks.movie_file import MovieFile
    from avatar_nodes.sinks.obs_stream import ObsStream
    from avatar_nodes.sinks.picture_files import PictureFiles
    from avatar_nodes.sinks.recorder import Recorder
    from avatar_nodes.sinks.speaker import Speaker
    from avatar_nodes.sinks.stream_push import StreamPush
    from avatar_nodes.sinks.virtual_camera import VirtualCamera
    from avatar_nodes.sinks.window import Window
    from avatar_nodes.tracking.camera import Camera
    from avatar_nodes.tracking.face_tracker import FaceTracker
    from avatar_nodes.tracking.video_file import VideoFile

    return [
        AudioFile,
        AudioOutFile,
        AudioStream,
        BlinkController,
        BrowserView,
        Camera,
        DistanceController,
        EmotionController,
        FaceTracker,
        Gain,
        GazeController,
        HeadMotion,
        LatentRenderer,
        Microphone,
        MotionDiffusion,
        MotionFile,
        MotionOutFile,
        MovieFile,
        ObsStream,
        PictureFiles,
        Playout,
        Recorder,
        Speaker,
        SpeechFeatures,
        StreamPush,
        TextToSpeech,
        VideoFile,
        VirtualCamera,
        VowelLipSync,
        Window,
    ]


@hookimpl
def verify_file(path: Path) -> Provenance | None:
    """What a file says of its origin, by C2PA; a saved motion, in its first lines."""
    from avatar_nodes.sinks.provenance import read_motion_label, read_provenance

    return read_motion_label(path) or read_provenance(path)


@hookimpl
def examine() -> list[Finding]:
    """Whether this machine has what these nodes need."""
    from avatar_nodes import doctor

    return doctor.examine()


@hookimpl
def register_verbs() -> list[Verb]:
    """What this package adds to the command `graphcore`."""
    from avatar_nodes import verbs

    return [verbs.portrait_verb(), verbs.say_verb()]


@hookimpl
def register_previews() -> list[Preview]:
    """How video frames are shown by the studio."""
    from avatar_nodes import preview
    from avatar_nodes.payloads import VideoFrame

    return [Preview(VideoFrame, preview.jpeg)]
