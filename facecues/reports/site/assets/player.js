// Several videos as one. The first one's clock leads; the others are held to it.
"use strict";
class Player {
  static FAR = 0.2;     // seconds apart: jump
  static NEAR = 0.015;  // seconds apart: nothing to do
  static PULL = 1.5;    // change of rate for a second apart

  /** @param {(player: Player) => void} changed is called when time or state changes */
  constructor(changed) {
    this.changed = changed;
    this.videos = [];
    this.fps = 25;
    this.speed = 1;
    this.loop = true;
    this.playing = false;
    this.tick = this.tick.bind(this);
  }

  /** Videos in order, the leading one first. */
  take(videos, fps) {
    this.pause();
    this.videos = videos;
    this.fps = fps;
    const leader = this.leader;
    if (leader) {
      leader.addEventListener("loadedmetadata", () => this.changed(this));
      leader.addEventListener("ended", () => leader === this.leader && this.ended());
    }
    this.changed(this);
  }

  /** One that does not play leaves; the next one leads if it led. */
  drop(video) {
    const led = video === this.leader;
    this.videos = this.videos.filter((each) => each !== video);
    if (led && this.leader) {
      const leader = this.leader;
      leader.addEventListener("ended", () => leader === this.leader && this.ended());
    }
    this.changed(this);
  }

  get leader() { return this.videos[0]; }
  get time() { return this.leader?.currentTime ?? 0; }
  get duration() { return Number.isFinite(this.leader?.duration) ? this.leader.duration : 0; }
  get frame() { return Math.floor(this.time * this.fps + 1e-6); }

  play() {
    if (!this.leader) return;
    if (this.leader.ended || this.time >= this.duration - 0.5 / this.fps) this.seek(0);
    this.playing = true;
    this.videos.forEach((video) => {
      video.playbackRate = this.speed;
      if (this.time < video.duration || !Number.isFinite(video.duration)) video.play().catch(() => this.refused(video));
    });
    cancelAnimationFrame(this.request);
    this.request = requestAnimationFrame(this.tick);
    this.changed(this);
  }

  pause() {
    this.playing = false;
    cancelAnimationFrame(this.request);
    this.videos.forEach((video) => video.pause());
    this.changed(this);
  }

  toggle() { this.playing ? this.pause() : this.play(); }

  seek(time) {
    const held = Math.min(Math.max(0, time), this.duration || 0);
    this.videos.forEach((video) => { video.currentTime = Math.min(held, video.duration || held); });
    this.changed(this);
  }

  /** To the middle of a frame, so that rounding never shows its neighbour. */
  step(frames) {
    const index = this.frame + frames;
    this.pause();
    this.seek((Math.max(0, index) + 0.5) / this.fps);
  }

  setSpeed(speed) {
    this.speed = speed;
    this.videos.forEach((video) => { video.playbackRate = speed; });
  }

  hear(heard) { this.videos.forEach((video) => { video.muted = video !== heard; }); }

  refused(video) {
    if (video === this.leader && video.paused && this.playing) this.pause();
  }

  ended() {
    if (!this.playing) return;
    if (this.loop) {
      this.seek(0);
      this.play();
    } else {
      this.pause();
    }
  }

  tick() {
    if (!this.playing) return;
    const now = this.time;
    for (const video of this.videos.slice(1)) {
      if (video.readyState < 1 || video.seeking) continue;
      const ahead = video.currentTime - now;
      if (now >= video.duration) continue;  // it is shorter, and holds its last frame
      if (Math.abs(ahead) > Player.FAR) {
        video.currentTime = now;
        video.playbackRate = this.speed;
      } else {
        const pull = Math.abs(ahead) < Player.NEAR ? 0 : ahead * Player.PULL;
        const rate = this.speed * (1 - pull);
        if (Math.abs(video.playbackRate - rate) > 0.005) video.playbackRate = rate;
      }
      if (video.paused && !video.ended) video.play().catch(() => {});
    }
    this.changed(this);
    this.request = requestAnimationFrame(this.tick);
  }
}
