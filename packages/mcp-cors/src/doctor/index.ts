export { REQUESTS_FOR_EACH_FURTHER, REQUESTS_FOR_ONE_ORIGIN } from './attacks/index.js';
export { redactUrl } from './evidence.js';
export { type Examination, examine } from './examine.js';
export { type Plan, type PlannedRequest, planRequests } from './plan.js';
export { NotAnMcpServerError } from './reach.js';
export * from './report.js';
export { REPORT_FORMATS, type ReportFormat, renderReport } from './reports/index.js';
export { TransportError } from './transportError.js';
export { reaches } from './verdict.js';
