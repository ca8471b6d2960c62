export { Application } from './application.ts'
export { type Check, type Finding, fullScale, type Scale, type Verdict } from './check.ts'
export { checks } from './checks/index.ts'
export {
  type Description,
  type Limits,
  parseDescription,
  type Route,
  type RouteName,
  type User,
} from './description.ts'
export { rowOf, summaryOf } from './report.ts'
export { type Report, type Result, type RunOptions, runCheck, runConformance } from './run.ts'
