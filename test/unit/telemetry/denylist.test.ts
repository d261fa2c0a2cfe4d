// Every event of the denylist becomes a number under the name that docs/metrics.md gives it.
import { expect, it } from 'vitest'
import { createDenylistObserver } from '../../../src/telemetry/denylist.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

it('counts beats, snapshots, losses, healing and consultations, and times propagation', async () => {
  const metrics = createMetrics()
  const observer = createDenylistObserver(metrics)
  observer.beat('fresh', 4)
  observer.beat('failed', 0)
  observer.snapshot('done', 2000, 10)
  observer.snapshot('failed', 1, 0)
  observer.propagated(15)
  observer.dataLoss('lost')
  observer.dataLoss('broken')
  observer.healed(500)
  observer.healed(1)
  observer.consulted('answered', 2)
  observer.consulted('failed', 250)
  const { text } = await metrics.scrape()
  const lines = text.split('\n')
  for (const line of [
    'postern_denylist_beats_total{outcome="fresh"} 1',
    'postern_denylist_beats_total{outcome="failed"} 1',
    'postern_denylist_beat_duration_seconds_count 1',
    'postern_denylist_snapshots_total{outcome="done"} 1',
    'postern_denylist_snapshots_total{outcome="failed"} 1',
    'postern_denylist_snapshot_duration_seconds_sum 2',
    'postern_revocation_propagation_seconds_bucket{le="0.01"} 0',
    'postern_revocation_propagation_seconds_bucket{le="0.02"} 1',
    'postern_denylist_data_losses_total{kind="lost"} 1',
    'postern_denylist_data_losses_total{kind="broken"} 1',
    'postern_denylist_healed_entries_total 501',
    'postern_denylist_consultations_total{outcome="answered"} 1',
    'postern_denylist_consultations_total{outcome="failed"} 1',
    'postern_denylist_consultation_duration_seconds_count 2',
  ])
    expect(lines).toContain(line)
})
