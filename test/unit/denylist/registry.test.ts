// Which mirrors have a revision and which could still answer without it, from the lines that their beats left.
import { describe, expect, it } from 'vitest'
import { clusterSlot } from '../../../src/denylist/redis/cluster-slot.ts'
import { compareIds, judgeRegistry } from '../../../src/denylist/redis/registry.ts'

const nowMs = 1_800_000_000_000
const line = (position: string, beatAgoMs: number) => `${position} 5000 ${nowMs - beatAgoMs}`

describe('the registry', () => {
  it.each([
    ['has exactly this revision', line('100-5', 10), 'applied'],
    ['is further', line('101-0', 10), 'applied'],
    ['keeps no copy', line('-', 10), 'applied'],
    ['is behind', line('100-4', 10), 'waiting'],
    ['is behind by more than digits show', line('99-99', 10), 'waiting'],
    ['is off the chain', line('0-0', 10), 'waiting'],
    ['is behind and may answer for another moment', line('99-0', 5000), 'waiting'],
    ['is behind and can answer no longer', line('99-0', 5001), undefined],
    ['left a line that cannot be read', 'nonsense', 'waiting'],
  ])('a mirror that %s', (_, text, expected) => {
    const { applied, waiting } = judgeRegistry(['m', text], nowMs, '100-5')
    expect({ applied, waiting }).toEqual({
      applied: expected === 'applied' ? ['m'] : [],
      waiting: expected === 'waiting' ? ['m'] : [],
    })
  })

  it('orders ids by number, not by text', () => {
    expect(['2-0', '10-0', '10-9', '10-10'].toSorted(compareIds)).toEqual(['2-0', '10-0', '10-9', '10-10'])
  })
})

describe('the slot of a key', () => {
  it.each([
    ['123456789', 12_739],
    ['foo', 12_182],
    ['{foo}:anything', 12_182],
  ])('%s is %d, as Redis says', (key, slot) => {
    expect(clusterSlot(key)).toBe(slot)
  })
})
