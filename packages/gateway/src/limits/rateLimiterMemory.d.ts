/** The package's own door to one limiter: the other loads those of every store as well. */
declare module 'rate-limiter-flexible/lib/RateLimiterMemory.js' {
  // biome-ignore lint/style/noDefaultExport: it is what the package has there
  export { RateLimiterMemory as default } from 'rate-limiter-flexible';
}
