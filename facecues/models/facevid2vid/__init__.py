"""face-vid2vid: an image animated by three-dimensional keypoints."""
