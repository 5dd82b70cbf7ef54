"""Template captions → natural captions from a language model, each verified before it is kept."""
