// What the denylist tells of itself → metrics: how it stays fresh, how long revocations take, what was lost and healed.
import type { DenylistObserver } from '../denylist/observer.ts'
import type { Metrics } from './metrics.ts'

export function createDenylistObserver(metrics: Metrics): DenylistObserver {
  const seconds = (ms: number): number => ms / 1000
  return {
    beat(outcome, durationMs) {
      metrics.increment('postern_denylist_beats_total', { outcome })
      if (outcome !== 'failed') metrics.observe('postern_denylist_beat_duration_seconds', seconds(durationMs))
    },
    snapshot(outcome, durationMs) {
      metrics.increment('postern_denylist_snapshots_total', { outcome })
      if (outcome === 'done') metrics.observe('postern_denylist_snapshot_duration_seconds', seconds(durationMs))
    },
    propagated: (durationMs) => metrics.observe('postern_revocation_propagation_seconds', seconds(durationMs)),
    dataLoss: (kind) => metrics.increment('postern_denylist_data_losses_total', { kind }),
    healed: (entries) => metrics.increment('postern_denylist_healed_entries_total', {}, entries),
    consulted(outcome, durationMs) {
      metrics.increment('postern_denylist_consultations_total', { outcome })
      metrics.observe('postern_denylist_consultation_duration_seconds', seconds(durationMs))
    },
  }
}
