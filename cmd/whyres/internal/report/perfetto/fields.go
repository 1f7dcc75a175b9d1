package perfetto

import "google.golang.org/protobuf/encoding/protowire"

// Fields of Perfetto's messages, by the name of the message and of the field. The
// tests hold them to the schema.
const (
	traceTracePacket protowire.Number = 1

	packetClockSnapshot   protowire.Number = 6
	packetTimestamp       protowire.Number = 8
	packetSequenceID      protowire.Number = 10
	packetTrackEvent      protowire.Number = 11
	packetInternedData    protowire.Number = 12
	packetSequenceFlags   protowire.Number = 13
	packetSystemInfo      protowire.Number = 45
	packetDefaults        protowire.Number = 59
	packetTrackDescriptor protowire.Number = 60

	defaultsTrackEvent protowire.Number = 11
	defaultsClockID    protowire.Number = 58

	clockSnapshotClocks  protowire.Number = 1
	clockSnapshotPrimary protowire.Number = 2
	clockID              protowire.Number = 1
	clockTimestamp       protowire.Number = 2

	systemInfoUtsname protowire.Number = 1
	utsnameSysname    protowire.Number = 1
	utsnameVersion    protowire.Number = 2
	utsnameRelease    protowire.Number = 3
	utsnameMachine    protowire.Number = 4

	trackUUID        protowire.Number = 1
	trackName        protowire.Number = 2
	trackProcess     protowire.Number = 3
	trackThread      protowire.Number = 4
	trackParent      protowire.Number = 5
	trackCounter     protowire.Number = 8
	trackDescription protowire.Number = 14

	processPID    protowire.Number = 1
	processName   protowire.Number = 6
	processLabels protowire.Number = 8

	threadPID protowire.Number = 1
	threadTID protowire.Number = 2

	counterUnit protowire.Number = 3

	eventCategoryIIDs       protowire.Number = 3
	eventDebugAnnotations   protowire.Number = 4
	eventType               protowire.Number = 9
	eventNameIID            protowire.Number = 10
	eventTrackUUID          protowire.Number = 11
	eventExtraCounterValues protowire.Number = 12
	eventCategories         protowire.Number = 22
	eventName               protowire.Number = 23
	eventCounterValue       protowire.Number = 30
	eventExtraCounterTracks protowire.Number = 31
	eventCallstackIID       protowire.Number = 56
	eventCallstackWeight    protowire.Number = 57

	annotationNameIID   protowire.Number = 1
	annotationUint      protowire.Number = 3
	annotationInt       protowire.Number = 4
	annotationString    protowire.Number = 6
	annotationPointer   protowire.Number = 7
	annotationName      protowire.Number = 10
	annotationArray     protowire.Number = 12
	annotationStringIID protowire.Number = 17

	internedCategories        protowire.Number = 1
	internedEventNames        protowire.Number = 2
	internedAnnotationNames   protowire.Number = 3
	internedFunctions         protowire.Number = 5
	internedFrames            protowire.Number = 6
	internedCallstacks        protowire.Number = 7
	internedAnnotationStrings protowire.Number = 29
	internedIID               protowire.Number = 1
	internedText              protowire.Number = 2

	frameFunction   protowire.Number = 2
	callstackFrames protowire.Number = 2
)

// Values of Perfetto's enums.
const (
	clockRealtime  = 1
	clockMonotonic = 3

	sequenceCleared    = 1 // what was interned before is forgotten
	sequenceNeedsState = 2 // refers to what was interned, or to defaults

	typeSliceBegin = 1
	typeSliceEnd   = 2
	typeInstant    = 3
	typeCounter    = 4

	unitBytes = 3
)
