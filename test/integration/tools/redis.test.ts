// The helper that starts a real Redis: data outlives a stop and a crash, and is gone when the test says so.
import { expect, it, onTestFinished } from 'vitest'
import { isListening } from '../../support/ports.ts'
import { type RedisConfig, startRedis } from '../../support/redis.ts'
import { describeWith } from '../../support/tools.ts'

async function started(config: RedisConfig = {}) {
  const redis = await startRedis({ config })
  onTestFinished(() => redis.close())
  return redis
}

describeWith('redis', 'startRedis', () => {
  it('answers, and keeps its data over a restart', async () => {
    const redis = await started()
    await redis.send('SET', 'key', 'value')
    await redis.restart()
    expect(await redis.send('GET', 'key')).toBe('value')
  })

  it('keeps what it had written when it is killed', async () => {
    const redis = await started()
    await redis.send('SET', 'key', 'value')
    await redis.kill9()
    expect(await isListening(redis.port)).toBe(false)
    await expect(redis.send('PING')).rejects.toThrow()
    await redis.restart()
    expect(await redis.send('GET', 'key')).toBe('value')
  })

  it('comes back empty when told so', async () => {
    const redis = await started()
    await redis.send('SET', 'key', 'value')
    await redis.restart({ emptied: true })
    expect(await redis.send('GET', 'key')).toBeNull()
  })

  it('takes configuration, a password included', async () => {
    const redis = await started({ requirepass: 'p@ss:word', 'maxmemory-policy': 'allkeys-lru' })
    expect(await redis.send('CONFIG', 'GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'allkeys-lru'])
  })

  it('is silent while frozen, and answers again afterwards', async () => {
    const redis = await started()
    redis.freeze()
    const answer = redis.send('PING')
    expect(await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100, 'silence'))])).toBe('silence')
    redis.resume()
    expect(await answer).toBe('PONG')
  })
})
