// Health: a map of named components that start unhealthy. Served three ways: grpc.health.v1 on the gRPC listeners,
// /healthz and /readyz on the admin port.
import { HealthImplementation } from 'grpc-health-check'

export interface ComponentHealth {
  readonly name: string
  readonly healthy: boolean
  /** Constant words: what is missing. */
  readonly detail: string | undefined
}

export interface HealthCheck {
  readonly name: string
  /** `undefined` when healthy, else what is missing, in constant words. */
  readonly problem: () => string | undefined
}

export interface Health {
  readonly grpc: HealthImplementation
  components(): readonly ComponentHealth[]
  isReady(): boolean
  /** SIGTERM: not serving from now on, whatever the components say. */
  drain(): void
  close(): void
}

/** How soon a change of a component shows to those who watch over gRPC. */
const POLL_MS = 250

/** `services`: full names of the gRPC services; `''` stands for the process as a whole. */
export function createHealth(checks: readonly HealthCheck[], services: readonly string[]): Health {
  const names = ['', ...services]
  const grpc = new HealthImplementation(Object.fromEntries(names.map((name) => [name, 'NOT_SERVING'])))
  let draining = false
  let shown = false

  const components = (): readonly ComponentHealth[] =>
    checks.map(({ name, problem }) => {
      const detail = problem()
      return { name, healthy: detail === undefined, detail }
    })
  const isReady = (): boolean => !draining && components().every(({ healthy }) => healthy)

  function update(): void {
    const ready = isReady()
    if (ready === shown) return
    shown = ready
    for (const name of names) grpc.setStatus(name, ready ? 'SERVING' : 'NOT_SERVING')
  }

  const timer = setInterval(update, POLL_MS)
  timer.unref()
  return {
    grpc,
    components,
    isReady() {
      update()
      return shown
    },
    drain() {
      draining = true
      update()
    },
    close: () => clearInterval(timer),
  }
}
