// One call of Produce or Consume, as its client sees it: what happened comes one thing after the other, to one thread, and the
// wait for it has an end.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

namespace sluice::crash {

// Not thread-safe.
template <class Request, class Response>
class Duplex {
 public:
  using Call = grpc::ClientAsyncReaderWriter<Request, Response>;
  enum class Event {
    kNothing,  // the time is over
    kReady,    // a message may be written: the call has begun, or the message before has left
    kAnswer,   // a message came: answer()
    kOver,     // nothing comes any more: status()
  };

  // `prepare` gives the call, not begun, of a context and a queue.
  template <class Prepare>
  explicit Duplex(Prepare prepare) : call_(prepare(&context_, &queue_)) {
    call_->StartCall(tag(kStart));
  }
  // Breaks the call off unless it is over.
  ~Duplex() {
    cancel();
    while (next(std::chrono::system_clock::now() + std::chrono::hours(1)) != Event::kOver) {
    }
    queue_.Shutdown();
    void* step = nullptr;
    bool ok = false;
    while (queue_.Next(&step, &ok)) {
    }
  }
  Duplex(const Duplex&) = delete;
  Duplex& operator=(const Duplex&) = delete;

  // Whether write() and half_close() may be called.
  [[nodiscard]] bool ready() const { return ready_; }
  void write(const Request& request) {
    ready_ = false;
    writing_ = true;
    call_->Write(request, tag(kWrite));
  }
  // Says that there are no more requests.
  void half_close() {
    ready_ = false;
    half_closed_ = true;
    writing_ = true;
    call_->WritesDone(tag(kWrite));
  }
  [[nodiscard]] bool half_closed() const { return half_closed_; }
  // Goes away without a word.
  void cancel() { context_.TryCancel(); }

  // After kOver always kOver.
  Event next(std::chrono::system_clock::time_point deadline);
  [[nodiscard]] const Response& answer() const { return answer_; }
  [[nodiscard]] const grpc::Status& status() const { return status_; }

 private:
  enum Step : std::size_t { kStart, kRead, kWrite, kFinish };
  void* tag(Step step) { return &steps_[step]; }

  // Which step of the call has ended, and how, told as an event; kNothing if nobody need know.
  Event on(Step step, bool ok);

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::array<Step, 4> steps_ = {kStart, kRead, kWrite, kFinish};  // their addresses are the tags
  std::unique_ptr<Call> call_;
  Response answer_;
  grpc::Status status_;
  bool ready_ = false;
  bool writing_ = false;
  bool half_closed_ = false;
  bool answered_ = false;  // the answer is the caller's until the next call of next()
  bool ending_ = false;    // only its status is still to come
  bool finished_ = false;
};

template <class Request, class Response>
typename Duplex<Request, Response>::Event Duplex<Request, Response>::next(std::chrono::system_clock::time_point deadline) {
  if (std::exchange(answered_, false)) call_->Read(&answer_, tag(kRead));
  while (!finished_ || writing_) {
    void* step = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&step, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) return Event::kNothing;
    const Event event = on(*static_cast<Step*>(step), ok);
    if (event != Event::kNothing) return event;
  }
  return Event::kOver;
}

template <class Request, class Response>
typename Duplex<Request, Response>::Event Duplex<Request, Response>::on(Step step, bool ok) {
  switch (step) {
    case kStart:
      call_->Read(&answer_, tag(kRead));
      ready_ = ok;
      return ok ? Event::kReady : Event::kNothing;
    case kRead:
      if (!ok) {
        call_->Finish(&status_, tag(kFinish));
        ending_ = true;
        ready_ = false;
        return Event::kNothing;
      }
      answered_ = true;
      return Event::kAnswer;
    case kWrite:
      writing_ = false;
      ready_ = ok && !half_closed_ && !ending_;
      return ready_ ? Event::kReady : Event::kNothing;
    case kFinish:
      finished_ = true;
      return Event::kNothing;
  }
  return Event::kNothing;
}

}  // namespace sluice::crash
