"""One layer of a FlowTransformer: the same weights for whole stretches of motion and for the newest frame."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Attention and a feed-forward net, each on a normalised copy."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, tokens: Tensor, scores: Tensor) -> Tensor:
        """Tokens (B, N, width); `scores` (heads, N, N) are added to those of query and key."""
        query, key, value = self._split(tokens)
        return self._finish(tokens, functional.scaled_dot_product_attention(query, key, value, attn_mask=scores))

    def step(self, tokens: Tensor, scores: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, W, width) of one frame and their own keys and values (2, B, heads, W, head_width).

        `past` (B, 2, heads, context, head_width); `scores` (B, heads, W, context + W).
        """
        made = self._split(tokens)
        keys, values = torch.cat([past.transpose(0, 1), made[1:]], dim=3)
        mixed = functional.scaled_dot_product_attention(made[0], keys, values, attn_mask=scores)
        return self._finish(tokens, mixed), made[1:]

    def _split(self, tokens: Tensor) -> Tensor:
        """Queries, keys and values (3, B, heads, N, head_width)."""
        batch, count, width = tokens.shape
        parts: Tensor = self.query_key_value(self.attention_norm(tokens))
        return parts.view(batch, count, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)

    def _finish(self, tokens: Tensor, mixed: Tensor) -> Tensor:
        tokens = tokens + self.attention_out(mixed.transpose(1, 2).flatten(2))
        out: Tensor = tokens + self.feed(self.feed_norm(tokens))
        return out
