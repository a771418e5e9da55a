// A time scale in the reader's time zone. The library has no time zones and places its tick marks by the UTC calendar. Times stay
// true; only the weights of the tick marks are computed from local time, with the offset of each date.
import { defaultHorzScaleBehavior, type Mutable, type Time, type TimeScalePoint, type UTCTimestamp } from 'lightweight-charts';

/** Maps a Unix time to the seconds to add for local time. */
export type Offset = (seconds: number) => number;

/** The offset of the browser's time zone at that time. */
export const LOCAL: Offset = (seconds) => new Date(seconds * 1000).getTimezoneOffset() * -60;
export const UTC: Offset = () => 0;

export class ZonedTimeScale extends defaultHorzScaleBehavior() {
  /** The time zone of the tick marks. */
  offset: Offset = UTC;

  override fillWeightsForPoints(points: readonly Mutable<TimeScalePoint>[], start: number): void {
    // Each point is weighed against the one before it.
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
