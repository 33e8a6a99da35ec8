"""The document on the screen: seen through a camera, drawn from a projection, worked on by a tool."""
