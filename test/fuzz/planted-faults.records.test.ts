import { findsPlantedFaults } from './finds-planted-faults.ts'

findsPlantedFaults('record', 'sealed', 'merge', 'user-file')
