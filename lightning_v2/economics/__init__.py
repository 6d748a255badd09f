"""What a deployment costs: time on a chip, bytes moved, streams a card, money."""
