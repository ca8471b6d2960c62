import { outagesOf } from './outages-of.ts'

outagesOf('redis')
