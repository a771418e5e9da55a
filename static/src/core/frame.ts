// One repaint per animation frame, however many messages came in between.

export class Frame {
  #asked = false;

  constructor(private readonly publish: () => void) {}

  /** Something changed; publish before the next paint. */
  readonly mark = (): void => {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.publish();
    });
  };
}
