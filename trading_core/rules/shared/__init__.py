"""One evaluation for everyone who listens to a close: what is asked twice is computed once."""
