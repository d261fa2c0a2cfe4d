// Clock: the one place that reads time. Pure code takes `now` as an argument instead.

export interface Clock {
  /** Milliseconds since the Unix epoch; may step in either direction. */
  wallMs(): number
  /** Milliseconds since an arbitrary moment; never goes backwards, may not count the time a machine sleeps. */
  monotonicMs(): number
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}
