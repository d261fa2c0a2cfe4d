// Requests of a client at Envoy over HTTP/2, one connection.
import { type Connection, openConnection } from './connection.ts'

export function connectHttp(port: number, path: string, token: string): Promise<Connection> {
  return openConnection({ host: '127.0.0.1', port }, [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'commons.example'],
    ['authorization', `Bearer ${token}`],
    ['accept', 'application/json, text/plain, */*'],
    ['user-agent', 'postern-bench'],
  ])
}
