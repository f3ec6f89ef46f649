// 16 bit samples of all channels in turn, as an AudioBuffer of so many samples.

export function asBuffer(context, samples, channels, wished) {
  const length = samples.length / channels;
  const step = wished > 1 ? (length - 1) / (wished - 1) : 0;
  const buffer = context.createBuffer(channels, wished, context.sampleRate);
  for (let channel = 0; channel < channels; channel += 1) {
    const target = buffer.getChannelData(channel);
    for (let index = 0; index < wished; index += 1) {
      const at = Math.floor(index * step);
      const here = samples[at * channels + channel];
      const next = samples[Math.min(at + 1, length - 1) * channels + channel];
      target[index] = (here + (next - here) * (index * step - at)) / 32768;
    }
  }
  return buffer;
}
