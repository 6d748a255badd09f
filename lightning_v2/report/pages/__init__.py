"""What is shown: the page of a notebook, the index, the site, a folder of a comparison."""
