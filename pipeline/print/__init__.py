"""What printed outputs share: the typesetter, the fonts, the themes, the cards and the remarks on captions."""
