"""One figure of one driver on one part of the clips, and what is to be reached."""

from __future__ import annotations

from dataclasses import dataclass, field

INF = float("inf")


@dataclass(frozen=True)
class Reach:
    """What a figure should be; `what` says it in full."""

    what: str
    low: float = -INF
    high: float = INF
    digits: int = 2
    text: str = ""

    def __str__(self) -> str:
        if self.text:
            return self.text
        if self.low > -INF and self.high < INF:
            return f"{self.low:g} to {self.high:g}"
        return f">= {self.low:g}" if self.low > -INF else f"<= {self.high:g}" if self.high < INF else ""

    def met(self, value: float) -> bool | None:
        """Whether a value is inside; None where nothing is asked."""
        return None if self.low == -INF and self.high == INF else self.low <= value <= self.high


REACH = {
    "r_all": Reach("lip aperture against aligned phones, r, all frames", low=0.82, digits=3),
    "r_speech": Reach("the same, frames of speech only", low=0.78, digits=3),
    "r_all_apart": Reach("r, all frames, without sentences of GRID: its words were trained on", digits=3),
    "r_speech_apart": Reach("r, speech only, without them", digits=3),
    "table_r_all": Reach("r against a plain table of openings, all", digits=3),
    "table_r_speech": Reach("the same, speech only", digits=3),
    "precision": Reach("closures of the curve (below .3 of p95, within 80 ms): precision, f v count", low=0.80),
    "precision_strict": Reach("the same, only p b m count (the rules themselves: .6)"),
    "recall": Reach("the same: recall of p b m", low=0.85),
    "control": Reach("the same: recall with the phones shifted by 370 ms"),
    "lag_median": Reach("lag, frames, median of clips", low=-1.0, high=1.0),
    "lag_largest": Reach("lag, frames, largest of clips", high=1.0),
    "video_recall": Reach("closures in the rendered video (below 30 % of p95, within 80 ms): recall", low=0.95),
    "video_control": Reach("the same: recall with the phones shifted by 370 ms", high=0.55),
    "video_precision": Reach("the same: precision (p b m)", low=0.62),
    "video_r": Reach("aperture seen in the video against aligned phones, r, all"),
    "video_blink_ms": Reach("blinks as tracked in the video, median duration, ms", low=105, high=210, digits=0),
    "streaming_loss": Reach("r lost from offline to streaming", high=0.02, digits=4),
    "chunk_difference": Reach("largest difference of the aperture between chunks of 5, 40 and 1000 ms", digits=5),
    "noise_loss": Reach("r (all) lost in noise at 10 dB", high=0.05, digits=3),
    "english_energy_r": Reach("English: aperture against voiced energy, r", digits=3),
    "english_lag": Reach("English: lag against voiced energy, frames"),
    "others_ratio": Reach("fr, de, it, zh together: that r, as a share of English", low=0.9),
    "others_lag": Reach("fr, de, it, zh together: lag beyond that of English, frames", low=-1.0, high=1.0),
    "silence": Reach("aperture SD in silence / speaking, mean of clips and kinds", high=0.05, digits=3),
    "silence_worst": Reach("the same: worst clip and kind", high=0.05, digits=3),
    "blinks": Reach("blinks a minute, talking", low=10, high=32, digits=1),
    "blink_ms": Reach("blink duration at half height, median, ms", low=105, high=210, digits=0),
    "yaw": Reach("head yaw SD, degrees, median of clips >= 8 s", low=2.5, high=7.4),
    "pitch": Reach("head pitch SD", low=1.7, high=5.4),
    "roll": Reach("head roll SD", low=1.9, high=5.0),
    "slow": Reach("share of the head's power below 1 Hz", low=0.67, high=0.89),
    "a_frame": Reach("head, degrees a frame", low=0.26, high=0.68),
    "coupling": Reach("share of 20 random shifts of the sound that explain the head less", low=0.95001),
    "explained": Reach("R2 of the head's moves by F0 and loudness", digits=3),
    "explained_shifted": Reach("the same, median of the shifts", digits=3),
    "compute_features": Reach("CPU time of a 40 ms frame, one core, ms: features"),
    "compute_encoder": Reach("the same: encoder"),
    "compute_sampler": Reach("the same: lips, head, brows (sampling)"),
    "compute_node": Reach("the same: the node around them"),
    "compute": Reach("the same: all", high=10.0),
    "latency_p50": Reach("audio in to motion out, live, ms: p50", digits=0),
    "latency_p99": Reach("the same: p99", high=140.0, digits=0),
}


@dataclass
class Figures:
    """All values: by figure, part ("open", "held out" or "-") and driver; and one line for each clip."""

    values: dict[tuple[str, str, str], float] = field(default_factory=dict)
    clips: list[dict[str, object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    reach: dict[str, Reach] = field(default_factory=lambda: dict(REACH))

    def put(self, figure: str, part: str, driver: str, value: float) -> None:
        """Keep one value."""
        self.values[figure, part, driver] = float(value)

    def parts(self) -> list[str]:
        """The parts that anything was measured on."""
        return list(dict.fromkeys(part for _, part, _ in self.values))

    def drivers(self, part: str) -> list[str]:
        """The drivers measured on a part."""
        return list(dict.fromkeys(driver for _, its, driver in self.values if its == part))
