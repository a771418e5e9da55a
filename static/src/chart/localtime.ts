// A time scale in the reader's own zone. The library knows no zones: it puts its marks by the calendar of UTC. Times stay what they
// are; only where the marks go is asked of the local calendar, with the offset of each date, so that clocks may change.
import { defaultHorzScaleBehavior, type Mutable, type Time, type TimeScalePoint, type UTCTimestamp } from 'lightweight-charts';

/** Seconds to add to that moment, in seconds since 1970, for its local wall time. */
export type Offset = (seconds: number) => number;

/** The offset of this browser's zone on each date. */
export const LOCAL: Offset = (seconds) => new Date(seconds * 1000).getTimezoneOffset() * -60;
export const UTC: Offset = () => 0;

export class ZonedTimeScale extends defaultHorzScaleBehavior() {
  /** The zone of the marks; points added later follow it. */
  offset: Offset = UTC;

  override fillWeightsForPoints(points: readonly Mutable<TimeScalePoint>[], start: number): void {
    // The point before the first changed one is what that one is weighed against.
    const from = Math.max(0, start - 1);
    const local = points.slice(from).map((point) => ({ ...point, time: this.#shifted(point) }));
    super.fillWeightsForPoints(local, start - from);
    local.forEach(({ timeWeight }, index) => {
      const point = points[from + index];
      if (point) point.timeWeight = timeWeight;
    });
  }

  #shifted({ time }: TimeScalePoint): TimeScalePoint['time'] {
    const seconds = Number(this.key(time));
    return this.convertHorzItemToInternal((seconds + this.offset(seconds)) as UTCTimestamp as Time);
  }
}
