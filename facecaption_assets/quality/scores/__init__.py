"""How well captions fit their faces, by CLIP: cosines and CLIP-S of a shard's captions."""
