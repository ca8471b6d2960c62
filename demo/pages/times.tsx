export { Clock, duration, TimeLeft } from 'coatcheck/devtools'
