from __future__ import annotations

import pytest
import torch

from avatar_nodes.motion.flow_model import FlowConfig, FlowState, FlowTransformer

torch.set_num_threads(1)  # small products only wait for a second thread

CONFIG = FlowConfig(motion=5, conditions={"speech": 7, "gaze": 2}, width=16, layers=2, heads=2, context=6)
FRAMES = 20


@pytest.fixture
def flow() -> FlowTransformer:
    torch.manual_seed(3)
    flow = FlowTransformer(CONFIG)
    torch.nn.init.normal_(flow.out.weight, 0.0, 0.3)
    torch.nn.init.normal_(flow.nearness, 0.0, 1.0)
    return flow.eval()


def known(streams: int = 2) -> dict[str, torch.Tensor]:
    return {name: torch.randn(streams, FRAMES, size) for name, size in CONFIG.conditions.items()}


def all_there(flow: FlowTransformer, given: dict[str, torch.Tensor]) -> torch.Tensor:
    return flow.condition(given, {name: torch.ones(1, 1, dtype=torch.bool) for name in given})


@torch.inference_mode()
def test_streaming_says_what_training_sees(flow: FlowTransformer) -> None:
    clean, noisy = torch.randn(2, 2, FRAMES, CONFIG.motion)
    condition = all_there(flow, known())
    whole = flow(clean, noisy, torch.zeros(2, FRAMES), condition)
    state = flow.begin(2)
    for frame in range(FRAMES):  # one Euler step from time 0 is the velocity at time 0
        drawn = flow.draw(state, noisy[:, frame], condition[:, frame, None], torch.ones(2, 1), steps=1)
        torch.testing.assert_close(drawn - noisy[:, frame], whole[:, frame], atol=1e-5, rtol=0.0)
        flow.remember(state, clean[:, frame], condition[:, frame])


@torch.inference_mode()
def test_a_frame_sees_the_context_and_nothing_before_or_after(flow: FlowTransformer) -> None:
    clean, noisy = torch.randn(2, 1, FRAMES, CONFIG.motion)
    condition, time = all_there(flow, known(1)), torch.rand(1, FRAMES)
    whole = flow(clean, noisy, time, condition)
    changed = clean.clone()
    changed[:, 10] += 1.0
    moved = (flow(changed, noisy, time, condition) - whole).abs().amax(dim=(0, 2)) > 1e-7
    reach = 10 + CONFIG.layers * CONFIG.context
    assert not moved[:11].any()
    assert moved[11:17].all()
    assert not moved[reach:].any()


@torch.inference_mode()
def test_streams_that_began_apart_are_drawn_together(flow: FlowTransformer) -> None:
    noise, ways = torch.randn(FRAMES, CONFIG.motion), all_there(flow, known(1))[0]
    share = torch.ones(1, 1)

    def run(state: FlowState, frame: int) -> torch.Tensor:
        drawn = flow.draw(state, noise[frame, None], ways[frame, None, None], share, steps=2)
        flow.remember(state, drawn, ways[frame, None])
        return drawn

    early, late, alone = flow.begin(1), flow.begin(1), flow.begin(1)
    for frame in range(8):
        run(early, frame)
    for frame in range(3):
        run(late, frame)
    for frame in range(9):
        expected = run(alone, frame)
    joint = FlowState.join([early, late])
    both = [8, 3]
    drawn = flow.draw(joint, noise[both], ways[both, None], torch.ones(2, 1), steps=2)
    torch.testing.assert_close(drawn[:1], expected, atol=1e-5, rtol=0.0)
    flow.remember(joint, drawn, ways[both])
    assert [state.frames for state in joint.split()] == [[9], [4]]


@torch.inference_mode()
def test_guidance_goes_away_from_what_knows_less(flow: FlowTransformer) -> None:
    condition, noise = all_there(flow, known(1))[:, :2], torch.randn(1, CONFIG.motion)
    state = flow.begin(1)
    one, other = (flow.draw(state, noise, condition[:, i, None], torch.ones(1, 1), 1) for i in range(2))
    guided = flow.draw(state, noise, condition, torch.tensor([[1.5, -0.5]]), steps=1)
    torch.testing.assert_close(guided, one + 0.5 * (one - other), atol=1e-5, rtol=0.0)


def test_an_absent_condition_does_not_count(flow: FlowTransformer) -> None:
    there = {"speech": torch.tensor([[True]]), "gaze": torch.tensor([[False]])}
    given, other = known(), known()
    other["speech"] = given["speech"]
    assert torch.equal(flow.condition(given, there), flow.condition(other, there))


def test_training_learns_what_a_condition_says() -> None:
    torch.manual_seed(0)
    flow = FlowTransformer(FlowConfig(1, {"speech": 1}, width=16, layers=1, heads=2, context=4))
    optimizer = torch.optim.Adam(flow.parameters(), lr=1e-2)
    for _ in range(150):
        motion = torch.randn(16, 8, 1)
        condition = flow.condition({"speech": motion}, {"speech": torch.ones(1, 1, dtype=torch.bool)})
        noise, time = torch.randn_like(motion), torch.rand(16, 8)
        noisy = noise + time[..., None] * (motion - noise)
        loss = (flow(motion, noisy, time, condition) - (motion - noise)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        wanted = torch.tensor([[-1.0], [0.5], [1.0]])
        ways = flow.condition({"speech": wanted[:, None]}, {"speech": torch.ones(1, 1, dtype=torch.bool)})
        drawn = flow.draw(flow.begin(3), torch.zeros(3, 1), ways, torch.ones(3, 1), steps=4)
    torch.testing.assert_close(drawn, wanted, atol=0.4, rtol=0.0)
