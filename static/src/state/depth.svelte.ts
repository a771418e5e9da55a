// How far from the middle the depth chart looks.

/** As a share of the middle price. */
export const SPANS = [0.001, 0.005, 0.02, 0.1] as const;

class DepthView {
  span = $state<(typeof SPANS)[number]>(0.005);
}

export const depthView = new DepthView();
