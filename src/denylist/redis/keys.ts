// The keys in Redis: public interface (docs/redis.md). One hash tag, so that all lie in one slot of a Cluster.

export interface RedisKeys {
  readonly revoked: string
  readonly notBefore: string
  readonly feed: string
  readonly epoch: string
  readonly sidecars: string
}

export function redisKeys(namespace: string): RedisKeys {
  const key = (name: string) => `{${namespace}}:${name}`
  return {
    revoked: key('revoked'),
    notBefore: key('not_before'),
    feed: key('feed'),
    epoch: key('epoch'),
    sidecars: key('sidecars'),
  }
}
