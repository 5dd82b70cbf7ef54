"""Further commands of ``facecaption``, a file per topic; ``cli`` registers them."""
