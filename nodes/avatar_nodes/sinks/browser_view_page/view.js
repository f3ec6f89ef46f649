// The page of browser_view. In its address: ?mute=1, ?background=COLOUR, ?buffer=MILLISECONDS, ?stats=1.

import { Figures } from "./figures.js";
import { Line } from "./line.js";
import { Pictures } from "./pictures.js";
import { Sound } from "./sound.js";

const wishes = new URLSearchParams(location.search);
const background = wishes.get("background") ?? "";
if (CSS.supports("color", background)) document.body.style.background = background;

const muted = wishes.has("mute") && wishes.get("mute") !== "0";
const sound = new Sound(Number(wishes.get("buffer")) || undefined);
const pictures = new Pictures(document.getElementById("picture"), sound);
const figures = new Figures(document.getElementById("figures"), wishes.has("stats"));

const line = new Line({
  opened() {
    sound.forget();
    pictures.forget();
  },
  picture(picture) {
    return pictures.take(picture).finally(() => line.say({ got: 1 }));
  },
  sound(piece) {
    sound.take(piece);
    showButton();
  },
  forget() {
    sound.forget();
  },
}, muted);

pictures.drawn = (picture, at) => figures.drawn(picture, at, line, sound, pictures);

// A browser plays nothing before somebody has clicked on the page; OBS does.
const button = document.getElementById("sound");

function showButton() {
  button.hidden = !sound.blocked || "obsstudio" in window;
}

for (const gesture of ["pointerdown", "keydown"]) {
  addEventListener(gesture, () => sound.resume().then(showButton));
}

window.graphcoreView = { figures, line, pictures, sound }; // for whoever measures
