// Pictures on the canvas: decoded as they come, drawn when their sound is heard.

const WAITING = 30; // pictures that wait for their time at most; older ones are left out
const LONGEST_WAIT_MS = 1000; // what is to be shown later than this is shown at once: the times make no sense

export class Pictures {
  constructor(canvas, sound) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.sound = sound;
    this.waiting = []; // decoded, in the order of time
    this.newest = -Infinity; // media time of what is on the canvas
    this.generation = 0;
    this.display = 1000 / 60; // ms between two pictures of the display
    this.asked = false;
    this.late = 0; // left out, since a newer one was due
    this.drawn = () => {};
  }

  // The last one stays on the canvas.
  forget() {
    this.generation += 1;
    for (const picture of this.waiting) close(picture);
    this.waiting = [];
    this.newest = -Infinity;
  }

  async take({ time, came, colour, matte }) {
    const generation = this.generation;
    const parts = [decoded(colour, "image/jpeg")];
    if (matte.length) parts.push(decoded(matte, "image/png"));
    const [colours, opacity] = await Promise.all(parts);
    const picture = { time, came, colours, opacity };
    if (generation !== this.generation || time <= this.newest) {
      close(picture); // of a run that has ended, or a newer one was decoded before it
      return;
    }
    this.sound.pictureCame(time);
    this.waiting.push(picture);
    this.waiting.sort((one, other) => one.time - other.time);
    if (this.waiting.length > WAITING) close(this.waiting.shift());
    this.draw(performance.now());
  }

  // Draw the newest picture that is due, and come back for the others.
  draw(now) {
    const due = this.waiting.filter((picture) => this.due(picture, now));
    const picture = due.pop();
    if (picture) {
      this.late += due.length;
      this.waiting = this.waiting.filter((each) => each.time > picture.time);
      due.forEach(close);
      this.show(picture);
    }
    if (this.waiting.length && !this.asked) {
      this.asked = true;
      requestAnimationFrame((at) => this.refresh(at));
    }
  }

  refresh(at) {
    const passed = at - this.refreshed;
    if (passed > 2 && passed < 50) this.display += 0.1 * (passed - this.display);
    this.refreshed = at;
    this.asked = false;
    this.draw(performance.now());
  }

  // What is drawn now is seen one turn of the display later.
  due(picture, now) {
    const at = this.sound.heardAt(picture.time);
    return at === undefined || at <= now + this.display || at > now + LONGEST_WAIT_MS;
  }

  show(picture) {
    const { canvas, context } = this;
    const { colours, opacity } = picture;
    if (canvas.width !== colours.width || canvas.height !== colours.height) {
      canvas.width = colours.width;
      canvas.height = colours.height;
    }
    context.globalCompositeOperation = "copy";
    context.drawImage(colours, 0, 0);
    if (opacity) {
      context.globalCompositeOperation = "destination-in"; // colours times alpha, as a canvas keeps them
      context.drawImage(opacity, 0, 0);
    }
    this.newest = picture.time;
    this.drawn(picture, performance.now());
    close(picture);
  }
}

function decoded(bytes, type) {
  return createImageBitmap(new Blob([bytes], { type }));
}

function close({ colours, opacity }) {
  colours.close();
  opacity?.close();
}
