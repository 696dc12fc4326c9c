"""Discovery of Petri nets, process trees and BPMN."""
