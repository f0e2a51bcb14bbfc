package velero

// ScheduleNameLabel is on the backups that a schedule makes. Its value is the schedule's name.
const ScheduleNameLabel = "velero.io/schedule-name"
