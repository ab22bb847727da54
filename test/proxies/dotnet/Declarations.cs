// What the rendered middleware uses of ASP.NET Core, as its reference documentation declares it: enough to compile it
// where there is no .NET, and nothing that runs.

using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Microsoft.Extensions.Primitives
{
    public struct StringValues
    {
        public int Count { get { throw null; } }
        public string[] ToArray() { throw null; }
        public static implicit operator StringValues(string value) { throw null; }
    }
}

namespace Microsoft.Extensions.Logging
{
    public enum LogLevel { Information = 2, Warning = 3 }

    public interface ILogger { }

    public interface ILogger<out T> : ILogger { }

    public static class LoggerExtensions
    {
        public static void Log(this ILogger logger, LogLevel level, string message, params object[] args) { throw null; }
        public static void LogError(this ILogger logger, System.Exception error, string message, params object[] args) { throw null; }
    }
}

namespace Microsoft.AspNetCore.Http
{
    public delegate Task RequestDelegate(HttpContext context);

    public interface IHeaderDictionary : IDictionary<string, StringValues> { }

    public abstract class HttpContext
    {
        public abstract HttpRequest Request { get; }
        public abstract HttpResponse Response { get; }
        public abstract IFeatureCollection Features { get; }
        public abstract ConnectionInfo Connection { get; }
        public abstract CancellationToken RequestAborted { get; set; }
    }

    public abstract class ConnectionInfo
    {
        public abstract IPAddress LocalIpAddress { get; set; }
    }

    public struct PathString
    {
        public string ToUriComponent() { throw null; }
    }

    public struct QueryString
    {
        public QueryString(string value) { throw null; }
        public string Value { get { throw null; } }
    }

    public abstract class HttpRequest
    {
        public abstract string Method { get; set; }
        public abstract string Scheme { get; set; }
        public abstract PathString PathBase { get; set; }
        public abstract PathString Path { get; set; }
        public abstract QueryString QueryString { get; set; }
        public abstract IHeaderDictionary Headers { get; }
    }

    public abstract class HttpResponse
    {
        public abstract int StatusCode { get; set; }
        public abstract IHeaderDictionary Headers { get; }
        public abstract Stream Body { get; set; }
        public abstract long? ContentLength { get; set; }
        public abstract string ContentType { get; set; }
        public abstract bool HasStarted { get; }
        public virtual void OnStarting(System.Func<Task> callback) { throw null; }
    }

    public static class ResponseExtensions
    {
        public static void Clear(this HttpResponse response) { throw null; }
    }

    public class BadHttpRequestException : IOException
    {
        public int StatusCode { get { throw null; } }
    }

    public class PipeWriter
    {
        public virtual long UnflushedBytes { get { throw null; } }
        public virtual Task FlushAsync(CancellationToken cancellation = default(CancellationToken)) { throw null; }
    }

    public class StreamResponseBodyFeature : IHttpResponseBodyFeature
    {
        public StreamResponseBodyFeature(Stream stream, IHttpResponseBodyFeature priorFeature) { throw null; }
        public Stream Stream { get { throw null; } }
        public PipeWriter Writer { get { throw null; } }
    }
}

namespace Microsoft.AspNetCore.Http.Features
{
    public interface IFeatureCollection
    {
        TFeature Get<TFeature>();
        void Set<TFeature>(TFeature instance);
    }

    public interface IHttpRequestFeature
    {
        string RawTarget { get; set; }
    }

    public interface IHttpResponseBodyFeature
    {
        Stream Stream { get; }
        PipeWriter Writer { get; }
    }
}

namespace Microsoft.AspNetCore.Builder
{
    public interface IApplicationBuilder { }

    public static class UseMiddlewareExtensions
    {
        public static IApplicationBuilder UseMiddleware<TMiddleware>(this IApplicationBuilder app, params object[] args) { throw null; }
    }
}
