"""Sources of pictures → planned rows → WebDataset shards of original bytes."""
