"""The shape of all draws, the place of one of them, and the words that name it."""

SHAPE = (2, 4)
#: Some draw that is neither the first nor the last.
AT = (1, 2)
WHERE = "in draw 2 of chain 1"
