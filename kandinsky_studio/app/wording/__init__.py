"""The words of a prompt before they are sent: alternatives, wildcards, styles, the handbook, what was used before."""
